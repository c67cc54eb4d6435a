/**
 * What a group's state machine should do, written down as naively as possible: every version of every key in a
 * list, every answer kept, nothing indexed. Results come out as `plain.ts` writes the real ones.
 */
import {
  absent,
  checkKind,
  expectNothing,
  operationKind,
  type Changes,
  type Check,
  type Range,
  type Transaction,
  type TransactionOperation,
} from "../../../kv/commands/operation.ts";
import { changeOperation, type ChangeOperation } from "../../../kv/change.ts";
import { tombstoneReason, type TombstoneReason } from "../../../kv/version.ts";
import { kept, type Kept } from "../../../kv/frame.ts";
import {
  messageIdentityLifetime,
  pageRowsMax,
  replyIdentityLifetime,
  sessionLifetime,
  sessionWindow,
} from "../../../kv/limits.ts";
import { newest, revisionsPerMs, type Revision } from "../../../kv/revision.ts";
import type { WriteRequest } from "../../../infra/codec/request-encoder.ts";
import { valueText } from "./plain.ts";

/** An undefined value is a tombstone. */
interface ModelVersion {
  readonly revision: Revision;
  readonly value: string | undefined;
  readonly expiresAt: Revision;
}

export interface ModelChange extends ModelVersion {
  readonly key: string;
  readonly operation: ChangeOperation;
}

interface ModelSession {
  readonly born: Revision;
  floor: number;
  readonly answers: Map<number, { readonly request: string; readonly answer: unknown }>;
}

export interface ModelFrame {
  readonly session: string;
  readonly born: Revision;
  readonly number: number;
  readonly floor: number;
  readonly operations: readonly WriteRequest[];
}

export interface ModelRequest {
  readonly identity: string;
  readonly kept: Kept;
  readonly hash: number;
  readonly operations: readonly WriteRequest[];
}

/** Answers kept and given up together: what was executed within an eighth of a lifetime. */
interface ModelGeneration {
  readonly kept: Kept;
  readonly first: Revision;
  last: Revision;
  readonly answers: Map<string, { readonly hash: number; readonly answer: unknown }>;
}

interface Failure {
  readonly code: string;
  readonly revision: Revision;
  readonly position: number;
}

interface ModelTransaction {
  readonly revision: Revision;
  readonly results: readonly unknown[];
}

function lifetimeOf(of: Kept): Revision {
  return of === kept.reply ? replyIdentityLifetime : messageIdentityLifetime;
}

function fail(code: string, position = -1, revision = 0): Failure {
  return { code, revision, position };
}

export class Model {
  last: Revision = 0;
  watermark: Revision = 0;
  slot = 0;
  /** Everything written, as `ReplicaState` tells it. */
  readonly changes: ModelChange[] = [];
  readonly #history = new Map<string, ModelVersion[]>();
  readonly #sessions = new Map<string, ModelSession>();
  #generations: ModelGeneration[] = [];

  noOp(): void {
    this.slot++;
  }

  tick(stamp: Revision): void {
    this.#begin(stamp);
  }

  raiseWatermark(stamp: Revision, watermark: Revision): void {
    this.#begin(stamp);
    this.watermark = Math.max(this.watermark, Math.min(watermark, this.last));
  }

  frames(stamp: Revision, frames: readonly (ModelFrame | ModelRequest)[]): unknown[] {
    this.#begin(stamp);
    return frames.map((frame, index) =>
      "session" in frame ? this.#frame(frame, index) : this.#request(frame, index),
    );
  }

  get(key: string, at: Revision): unknown {
    if (at !== newest && at < this.watermark) return fail("TOO_OLD");
    if (at !== newest && at > this.last) return fail("CLOCK_TOO_FAR_AHEAD");
    const version = this.#at(key, at);
    return version === undefined ? null : version;
  }

  range(range: Range): unknown {
    if (range.at !== newest && range.at < this.watermark) return fail("TOO_OLD");
    if (range.at !== newest && range.at > this.last) return fail("CLOCK_TOO_FAR_AHEAD");
    const keys = this.#keys(range.start, range.end).filter((key) => this.#at(key, range.at));
    if (range.reverse) keys.reverse();
    return keys.map((key) => {
      const { value, revision } = this.#at(key, range.at) as ModelVersion;
      return [key.slice(2), range.keysOnly ? "" : value, revision];
    });
  }

  history(asked: Changes): unknown {
    if (asked.since < this.watermark) return fail("TOO_OLD");
    if (asked.until !== newest && asked.until > this.last) return fail("CLOCK_TOO_FAR_AHEAD");
    return this.#keys(asked.start, asked.end).flatMap((key) => {
      const versions = this.#history.get(key) ?? [];
      const purge = versions.findLastIndex(
        ({ revision, value, expiresAt }) =>
          revision <= asked.until && value === undefined && expiresAt === tombstoneReason.purged,
      );
      const wanted = versions
        .slice(Math.max(0, purge))
        .filter(({ revision }) => revision > asked.since && revision <= asked.until)
        .toReversed()
        .map(({ revision, value, expiresAt }) => {
          const shown = asked.keysOnly && value !== undefined ? "" : value;
          return [key.slice(2), revision, shown, expiresAt];
        });
      return asked.newestOnly ? wanted.slice(0, 1) : wanted;
    });
  }

  #begin(stamp: Revision): void {
    this.slot++;
    this.last = Math.max(this.last, stamp);
    const due = [...this.#history.keys()]
      .map((key) => ({ key, expiresAt: this.#at(key, newest)?.expiresAt ?? 0 }))
      .filter(({ expiresAt }) => expiresAt > 0 && expiresAt <= this.last)
      .toSorted((a, b) => a.expiresAt - b.expiresAt || (a.key < b.key ? -1 : 1));
    for (const { key } of due) {
      this.#bury(key, ++this.last, tombstoneReason.expired);
    }
    for (const [id, { born }] of this.#sessions) {
      if (this.last > born + sessionLifetime) this.#sessions.delete(id);
    }
    this.#generations = this.#generations.filter(
      (generation) => this.last <= generation.last + lifetimeOf(generation.kept),
    );
  }

  #request({ identity, kept: own, hash, operations }: ModelRequest, index: number): unknown {
    const generations = this.#generations.filter((generation) => generation.kept === own);
    const known = generations.flatMap(({ answers }) => answers.get(identity) ?? []);
    if (known[0] !== undefined) {
      return known[0].hash === hash ? known[0].answer : { number: 0, code: "REQUEST_ID_REUSED" };
    }
    const results = operations.map((operation) => this.#execute(operation));
    const answer = { number: 0, slot: this.slot, index, lastRevision: this.last, results };
    if (own === kept.nothing) return answer;
    let open = generations.at(-1);
    if (open === undefined || this.last - open.first >= lifetimeOf(own) / 8) {
      open = { kept: own, first: this.last, last: this.last, answers: new Map() };
      this.#generations.push(open);
    }
    open.last = this.last;
    open.answers.set(identity, { hash, answer });
    return answer;
  }

  #frame(frame: ModelFrame, index: number): unknown {
    const { number, born } = frame;
    const refuse = (code: string) => ({ number, code });
    const expired = this.last > born + sessionLifetime;
    let session = this.#sessions.get(frame.session);
    if (session === undefined && expired) {
      return refuse(number <= frame.floor ? "STALE_FRAME" : "SESSION_EXPIRED");
    }
    session ??= { born, floor: 0, answers: new Map() };
    this.#sessions.set(frame.session, session);
    if (session.born !== born) return refuse("SESSION_MISUSE");
    session.floor = Math.max(session.floor, frame.floor);
    if (number <= session.floor) return refuse("STALE_FRAME");
    const request = JSON.stringify(frame.operations);
    const known = session.answers.get(number);
    if (known !== undefined) {
      return known.request === request ? known.answer : refuse("SESSION_MISUSE");
    }
    if (expired) return refuse("SESSION_EXPIRED");
    if (number > session.floor + sessionWindow) return refuse("SESSION_WINDOW");
    const results = frame.operations.map((operation) => this.#execute(operation));
    const answer = { number, slot: this.slot, index, lastRevision: this.last, results };
    session.answers.set(number, { request, answer });
    return answer;
  }

  #execute(operation: WriteRequest): unknown {
    const { kind } = operation;
    if (kind === operationKind.transaction) return this.#transaction(operation);
    if (kind === operationKind.deleteRange) {
      const start = operation.cursor === undefined ? operation.start : `${operation.cursor}\0`;
      const limit = operation.limit === 0 ? pageRowsMax : Math.min(operation.limit, pageRowsMax);
      return this.#deleteRange(start, operation.end, limit);
    }
    // One operation is a transaction of one, but for where its failure says it happened.
    const outcome = this.#transaction({
      kind: operationKind.transaction,
      checks: [],
      operations: [operation],
    });
    if ("code" in outcome) return { ...outcome, position: -1 };
    return outcome.results[0];
  }

  #deleteRange(start: string, end: string | undefined, limit: number): unknown {
    // A page ends where one more key would count: one that exists, or whose tombstone is still known everywhere.
    const counted = this.#keys(start, end).filter((key) => {
      const version = this.#newest(key);
      return version.value !== undefined || version.revision > this.watermark;
    });
    const live: string[] = [];
    let cursor: string | undefined;
    let more = false;
    for (const key of counted) {
      more = live.length === limit;
      if (more) break;
      if (this.#at(key, newest) !== undefined) live.push(key);
      cursor = key;
    }
    const revision = live.length > 0 ? ++this.last : this.last;
    for (const key of live) this.#bury(key, revision, tombstoneReason.deleted);
    return { revision, deleted: live.length, cursor: more ? cursor : undefined };
  }

  #transaction({ checks, operations }: Transaction): Failure | ModelTransaction {
    for (const [position, check] of checks.entries()) {
      const failure = this.#check(check, position);
      if (failure !== undefined) return failure;
    }
    const writes = new Map<string, { value: string | undefined; ttlMs: number; keep: Revision }>();
    for (const [at, operation] of operations.entries()) {
      const failure = this.#prepare(operation, checks.length + at, writes);
      if (failure !== undefined) return failure;
    }
    const met = new Map(operations.map(({ key }) => [key, this.#at(key, newest)]));
    const purged = operations.filter((operation) => "purge" in operation && operation.purge);
    const isPurged = (key: string) => purged.some((operation) => operation.key === key);
    const changes = [...writes].filter(
      ([key, { value }]) =>
        value !== undefined || met.get(key) || (isPurged(key) && this.#hasPast(key)),
    );
    const revision = changes.length > 0 ? ++this.last : this.last;
    for (const [key, { value, ttlMs, keep }] of changes) {
      const reason = isPurged(key) ? tombstoneReason.purged : tombstoneReason.deleted;
      if (value === undefined) this.#bury(key, revision, reason);
      else this.#put(key, revision, value, ttlMs > 0 ? revision + ttlMs * revisionsPerMs : keep);
    }
    const results = operations.map((operation) => {
      const { kind, key } = operation;
      if (kind === operationKind.put) return revision;
      if (kind === operationKind.get) return met.get(key) ?? null;
      if (kind === operationKind.delete) return { revision, existed: met.get(key) !== undefined };
      return { revision, value: Number(writes.get(key)?.value) };
    });
    return { revision, results };
  }

  #prepare(
    operation: TransactionOperation,
    position: number,
    writes: Map<string, { value: string | undefined; ttlMs: number; keep: Revision }>,
  ): Failure | undefined {
    const { kind, key } = operation;
    if (kind === operationKind.get) return undefined;
    if (writes.has(key)) return fail("BAD_REQUEST", position);
    const met = this.#at(key, newest);
    if (kind === operationKind.increment) {
      const before = met === undefined ? 0 : integer(met.value ?? "");
      const value = before === undefined ? Number.NaN : before + operation.delta;
      if (!Number.isSafeInteger(value)) return fail("NOT_A_NUMBER", position);
      writes.set(key, { value: String(value), ttlMs: 0, keep: met?.expiresAt ?? 0 });
      return undefined;
    }
    const actual = met?.revision ?? absent;
    if (operation.expectation !== expectNothing && operation.expectation !== actual) {
      return fail("CONFLICT", position, actual);
    }
    const value =
      kind === operationKind.put ? valueText({ ...operation, ...noVersion }) : undefined;
    const ttlMs = kind === operationKind.put ? operation.ttlMs : 0;
    writes.set(key, { value, ttlMs, keep: 0 });
    return undefined;
  }

  #check(check: Check, position: number): Failure | undefined {
    if (check.kind === checkKind.unchanged) {
      if (check.since < this.watermark) return fail("TOO_OLD", position);
      const changed = this.#keys(check.start, check.end)
        .map((key) => this.#newest(key).revision)
        .find((revision) => revision > check.since);
      return changed === undefined ? undefined : fail("CONFLICT", position, changed);
    }
    const actual = this.#at(check.key, newest)?.revision ?? absent;
    const holds = check.kind === checkKind.exists ? actual !== absent : actual === check.revision;
    return holds ? undefined : fail("CONFLICT", position, actual);
  }

  /** The key as it was at a revision; undefined when it did not exist then. */
  #at(key: string, at: Revision): ModelVersion | undefined {
    const version = this.#history.get(key)?.findLast(({ revision }) => revision <= at);
    return version?.value === undefined ? undefined : version;
  }

  #newest(key: string): ModelVersion {
    return this.#history.get(key)?.at(-1) as ModelVersion;
  }

  #keys(start: string, end: string | undefined): string[] {
    const inside = (key: string) => key >= start && (end === undefined || key < end);
    return [...this.#history.keys()].filter(inside).toSorted((a, b) => (a < b ? -1 : 1));
  }

  /** A tombstone at or below the watermark may be gone. */
  #hasPast(key: string): boolean {
    const version = this.#history.get(key)?.at(-1);
    if (version === undefined || version.value !== undefined) return version !== undefined;
    return version.revision > this.watermark && version.expiresAt !== tombstoneReason.purged;
  }

  #put(key: string, revision: Revision, value: string, expiresAt: Revision): void {
    const operation = changeOperation.put;
    this.changes.push({ key, revision, value, expiresAt, operation });
    this.#remember(key, { revision, value, expiresAt });
  }

  #bury(key: string, revision: Revision, reason: TombstoneReason): void {
    const operation = removals[reason];
    this.changes.push({ key, revision, value: undefined, expiresAt: 0, operation });
    this.#remember(key, { revision, value: undefined, expiresAt: reason });
  }

  #remember(key: string, version: ModelVersion): void {
    this.#history.set(key, [...(this.#history.get(key) ?? []), version]);
  }
}

const noVersion = { revision: 0, kind: 0, expiresAt: 0 } as const;

const removals: { readonly [Reason in TombstoneReason]: ChangeOperation } = {
  [tombstoneReason.deleted]: changeOperation.delete,
  [tombstoneReason.purged]: changeOperation.purge,
  [tombstoneReason.expired]: changeOperation.expire,
};

function integer(text: string): number | undefined {
  return /^-?[0-9]{1,16}$/.test(text) && Number.isSafeInteger(Number(text))
    ? Number(text)
    : undefined;
}

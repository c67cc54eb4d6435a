/**
 * One store group that a test writes to by hand: it answers reads from the versions it was given, and what its feed says,
 * when, and in which order is up to the test.
 */
import { FeedEncoder } from "../../../infra/codec/feed-codec.ts";
import { replyKind, requestKind } from "../../../infra/codec/formats.ts";
import { peekRequest } from "../../../infra/codec/request-envelope.ts";
import { changeOperation, type Change, type ChangeOperation } from "../../../kv/change.ts";
import {
  operationKind,
  type Changes,
  type Range,
  type ReadOperation,
} from "../../../kv/commands/operation.ts";
import { failure, type OperationResult } from "../../../kv/commands/result.ts";
import { newest, revisionAt } from "../../../kv/revision.ts";
import type { Cell } from "../../../kv/state-reader.ts";
import { versionKind } from "../../../kv/version.ts";
import { clusterId, type Attempt, type FakeCluster } from "./fake-cluster.ts";

export interface FakeEntry {
  readonly slot: number;
  readonly previousSlot: number;
  readonly resolved: number;
  readonly changes: readonly Change[];
}

/** What a change does to which key; no text removes it. */
export type Written = readonly [key: string, value: string | undefined];

export interface Said {
  readonly node?: string;
  readonly previousSlot?: number;
  readonly resolved?: number;
  readonly interestMs?: number;
}

const encoder = new FeedEncoder();
const noBytes = new Uint8Array(0);

export function keyNamed(key: string): string {
  return `default\0${key}`;
}

export class FakeStore {
  readonly group: string;
  readonly entries: FakeEntry[] = [];
  /** History below it is gone. */
  watermark = 0;
  /** Reads are left unanswered, one by one, until it is false and they are `answer`ed. */
  holdsReads = false;
  readonly heldReads: Attempt[] = [];
  /** Every reading operation that came. */
  readonly reads: ReadOperation[] = [];
  /** Rows of a page. */
  pageRows = 1_000;
  interestsHeard = 0;
  readonly #world: FakeCluster;

  /** Takes all of the group's attempts; those of other groups go to `others`. */
  constructor(world: FakeCluster, group: string, others?: (attempt: Attempt) => void) {
    this.#world = world;
    this.group = group;
    world.react = (attempt) => {
      if (attempt.envelope.group !== group) return others?.(attempt);
      this.reads.push(...(attempt.operations as ReadOperation[]));
      if (this.holdsReads) this.heldReads.push(attempt);
      else this.answer(attempt);
    };
    world.transportOf("n3").subscribe("synod.api", ({ payload }) => {
      const request = peekRequest(payload);
      if (request.kind === requestKind.interest && request.group === group) this.interestsHeard++;
    });
  }

  get slot(): number {
    return this.entries.at(-1)?.slot ?? 0;
  }

  get revision(): number {
    return this.entries.at(-1)?.resolved ?? this.#world.newestRevision;
  }

  /** One entry; each inner list is an atomic unit. */
  write(...units: readonly (readonly Written[])[]): FakeEntry {
    let { revision } = this;
    const changes: Change[] = [];
    for (const unit of units) {
      revision += 1;
      for (const [key, value] of unit) changes.push(changeOf(key, value, revision));
    }
    return this.#append(revision, changes);
  }

  put(key: string, value: string): FakeEntry {
    return this.write([[key, value]]);
  }

  remove(key: string, operation: ChangeOperation = changeOperation.delete): FakeEntry {
    const change = { ...changeOf(key, undefined, this.revision + 1), operation };
    return this.#append(change.revision, [change]);
  }

  /** An entry that changes nothing; `byRevisions` raises the group's time. */
  tick(byRevisions = 0): FakeEntry {
    return this.#append(this.revision + byRevisions, []);
  }

  /** Says what the entry changed, in parts of at most so many bytes; some of them may be left out. */
  say(entry: FakeEntry, said: Said & { readonly partBytes?: number; only?: number[] } = {}): void {
    const { partBytes = 1_000_000, only } = said;
    const messages = encoder.encode(this.#head(entry, said), entry.changes, partBytes);
    for (const [at, message] of messages.entries()) {
      if (only === undefined || only.includes(at + 1)) this.#publish(message, said);
    }
  }

  /** Says where the group stands. */
  sayProgress(said: Said = {}): void {
    const { slot, revision } = this;
    const previousSlot = this.entries.findLast(({ changes }) => changes.length > 0)?.slot ?? 0;
    const head = this.#head({ slot, previousSlot, resolved: revision, changes: [] }, said);
    const [message] = encoder.encode(head, [], 1_000_000);
    if (message !== undefined) this.#publish(message, said);
  }

  answer(attempt: Attempt): void {
    const lastRevision = this.revision;
    const { startWallMs, nowMs } = this.#world.world;
    const operations = attempt.operations as readonly ReadOperation[];
    const reply = attempt.encoded({
      kind: replyKind.executed,
      slot: this.slot,
      index: 0,
      lastRevision,
      asOf: Math.max(lastRevision, revisionAt(startWallMs + nowMs)),
      results: operations.map((operation) => this.#resultOf(operation)),
    });
    attempt.sendBytes(reply);
  }

  answerHeld(): void {
    this.holdsReads = false;
    for (const attempt of this.heldReads.splice(0)) this.answer(attempt);
  }

  #append(resolved: number, changes: readonly Change[]): FakeEntry {
    const previousSlot = this.entries.findLast((entry) => entry.changes.length > 0)?.slot ?? 0;
    const entry = { slot: this.slot + 1, previousSlot, resolved, changes };
    this.entries.push(entry);
    return entry;
  }

  #head(entry: FakeEntry, { previousSlot, resolved, interestMs = 30_000 }: Said) {
    return {
      clusterId,
      group: this.group,
      slot: entry.slot,
      previousSlot: previousSlot ?? entry.previousSlot,
      resolved: resolved ?? entry.resolved,
      interestMs,
    };
  }

  #publish(message: Uint8Array, { node = "n1" }: Said): void {
    this.#world.transportOf(node).publish(`synod.feed.${this.group}`, message);
  }

  #resultOf(operation: ReadOperation): OperationResult {
    if (operation.kind === operationKind.range) return this.#range(operation);
    if (operation.kind === operationKind.changes) return this.#changes(operation);
    throw new Error("watches read ranges and changes only");
  }

  #range({ start, end, at, limit }: Range): OperationResult {
    if (at < this.watermark) return failure("TOO_OLD");
    const rows = this.#versions()
      .filter(({ key, version }) => isIn(key, start, end) && version.revision <= at)
      .filter(({ key }, index, versions) => versions[index - 1]?.key !== key)
      .filter(({ version }) => version.kind === versionKind.put);
    const count = limit === 0 ? this.pageRows : Math.min(limit, this.pageRows);
    const page = rows.slice(0, count);
    const cursor = rows.length > count ? page.at(-1)?.key : undefined;
    return { kind: operationKind.range, rows: page, cursor };
  }

  #changes(asked: Changes): OperationResult {
    const { start, end, since, until, cursor, incompleteToo, newestOnly } = asked;
    if (since < this.watermark && !incompleteToo) return failure("TOO_OLD");
    if (until !== newest && until > this.revision) return failure("CLOCK_TOO_FAR_AHEAD");
    const rows = this.#versions()
      .filter(({ key, version: { revision } }) => {
        const isWanted = isIn(key, start, end) && revision > since && revision <= until;
        if (!isWanted || cursor === undefined) return isWanted;
        return key > cursor.key || (key === cursor.key && revision < cursor.below);
      })
      .filter(({ key }, index, versions) => !newestOnly || versions[index - 1]?.key !== key);
    const page = rows.slice(0, this.pageRows);
    const last = page.at(-1);
    const next = last && { key: last.key, below: newestOnly ? 0 : last.version.revision };
    return {
      kind: operationKind.changes,
      rows: page,
      cursor: rows.length > page.length ? next : undefined,
    };
  }

  /** By key, the newest first. */
  #versions(): Cell[] {
    const cells = this.entries.flatMap(({ changes }) => changes.map(cellOf));
    return cells.toSorted((left, right) =>
      left.key === right.key
        ? right.version.revision - left.version.revision
        : left.key < right.key
          ? -1
          : 1,
    );
  }
}

function changeOf(key: string, value: string | undefined, revision: number): Change {
  const source = value === undefined ? noBytes : Buffer.from(value);
  return {
    key: keyNamed(key),
    revision,
    operation: value === undefined ? changeOperation.delete : changeOperation.put,
    expiresAt: 0,
    source,
    start: 0,
    end: source.length,
  };
}

function cellOf({ key, revision, operation, expiresAt, source, start, end }: Change): Cell {
  const kind = operation === changeOperation.put ? versionKind.put : versionKind.tombstone;
  return { key, version: { revision, kind, expiresAt, source, start, end } };
}

function isIn(key: string, start: string, end: string | undefined): boolean {
  return key >= start && (end === undefined || key < end);
}

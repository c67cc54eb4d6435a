import * as fc from "fast-check";
import { expect, test } from "vitest";
import { changeOperation, type Change } from "../../kv/change.ts";
import {
  absent,
  expectNothing,
  operationKind,
  type Changes,
  type ChangesCursor,
} from "../../kv/commands/operation.ts";
import type { OperationResult } from "../../kv/commands/result.ts";
import { kept } from "../../kv/frame.ts";
import { sessionLifetime } from "../../kv/limits.ts";
import { newest, revisionsPerMs, type Revision } from "../../kv/revision.ts";
import { encodeFramesEntry } from "../../infra/codec/entry-codec.ts";
import type { WriteRequest } from "../../infra/codec/request-encoder.ts";
import { MemoryCheckpoint, readOut, type WrittenCut } from "./support/memory-checkpoint.ts";
import { Model, type ModelFrame, type ModelRequest } from "./support/model.ts";
import {
  atRevision,
  changes,
  deleteRange,
  exists,
  get,
  increment,
  k,
  purge,
  put,
  range,
  remove,
  transaction,
  unchanged,
} from "./support/operations.ts";
import { plain, plainChanges, plainOutcome, plainRows } from "./support/plain.ts";
import {
  birth,
  everything,
  first,
  frameBytes,
  requestBytes,
  TestGroup,
} from "./support/test-group.ts";

const keys = ["a", "b", "c", "d", "e"];

/** Revisions are not known when a run is generated: these numbers choose among those seen so far. */
interface Choice {
  readonly key: string;
  readonly other: string;
  readonly ttlMs: number;
  readonly number: number;
  readonly kind: number;
}

type Step =
  | { readonly do: "frames"; readonly aheadMs: number; readonly frames: readonly FrameChoice[] }
  | { readonly do: "tick" | "watermark" | "noOp"; readonly aheadMs: number }
  | { readonly do: "freeze" | "checkpointed" | "restart"; readonly replica: 0 | 1 };

interface FrameChoice {
  readonly session: number;
  readonly number: number;
  readonly floor: number;
  /** A request without a session instead; the identity is drawn from few, and 0 is none. */
  readonly request: { readonly identity: number; readonly hash: number } | undefined;
  /** Send an earlier frame again instead. */
  readonly again: number | undefined;
  readonly operations: readonly Choice[];
}

const choice: fc.Arbitrary<Choice> = fc.record({
  key: fc.constantFrom(...keys),
  other: fc.constantFrom(...keys),
  ttlMs: fc.constantFrom(0, 0, 1, 5, 1000),
  number: fc.nat(1000),
  kind: fc.nat(16),
});

const frameChoice: fc.Arbitrary<FrameChoice> = fc.record({
  session: fc.nat(2),
  number: fc.oneof(fc.integer({ min: 1, max: 12 }), fc.constantFrom(256, 257, 270)),
  floor: fc.oneof({ weight: 4, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat(14) }),
  request: fc.option(fc.record({ identity: fc.nat(12), hash: fc.constantFrom(1, 1, 1, 2) }), {
    nil: undefined,
    freq: 2,
  }),
  again: fc.option(fc.nat(50), { nil: undefined, freq: 2 }),
  operations: fc.array(choice, { minLength: 1, maxLength: 4 }),
});

const aheadMs = fc.oneof(
  { weight: 8, arbitrary: fc.integer({ min: -2, max: 8 }) },
  { weight: 1, arbitrary: fc.constantFrom(1000, sessionLifetime / revisionsPerMs - 5) },
);

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 10,
    arbitrary: fc.record({
      do: fc.constant("frames" as const),
      aheadMs,
      frames: fc.array(frameChoice, { minLength: 1, maxLength: 4 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constantFrom("tick", "watermark", "noOp"), aheadMs }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constantFrom("freeze", "checkpointed", "restart"),
      replica: fc.constantFrom<0 | 1>(0, 1),
    }),
  },
);

/** Two replicas that checkpoint and restart at different times, beside the model. */
class Run {
  readonly #replicas = [
    new TestGroup(everything, new MemoryCheckpoint(true)),
    new TestGroup(everything, new MemoryCheckpoint(false)),
  ] as const;
  readonly #cuts: (WrittenCut | undefined)[] = [undefined, undefined];
  readonly #model = new Model();
  readonly #sent: (ModelFrame | ModelRequest)[] = [];
  /** What each replica told of its changes; a restart tells what it replays once more. */
  readonly #told: Change[][] = [[], []];
  #now: Revision = birth;
  /** Every code that was answered, to see that runs meet more than success. */
  readonly #codes: Set<string>;

  /** Replicas that are listened to: what they hold and answer must not depend on that. */
  readonly #listened: readonly (0 | 1)[];

  constructor(codes: Set<string>, listened: readonly (0 | 1)[]) {
    this.#codes = codes;
    this.#listened = listened;
    for (const at of listened) this.#listen(at);
  }

  take(step: Step): void {
    if (step.do === "freeze") this.#freeze(step.replica);
    else if (step.do === "checkpointed") this.#checkpointed(step.replica);
    else if (step.do === "restart") this.#restart(step.replica);
    else if ("aheadMs" in step) this.#log(step);
  }

  compareState(): void {
    const [one, other] = this.#replicas;
    expect(one.replica.checksum).toEqual(other.replica.checksum);
    expect(one.replica.nextExpiry).toBe(other.replica.nextExpiry);
    for (const { replica } of this.#replicas) {
      expect(replica.lastRevision).toBe(this.#model.last);
      expect(replica.watermark).toBe(this.#model.watermark);
      for (const at of [newest, this.#model.last, this.#model.watermark, this.#model.last + 1]) {
        this.#compareReads(replica, at);
      }
    }
  }

  /** Pages of every size come to the same, whatever there is between two revisions. */
  compareChanges(asked: Changes): void {
    const expected = this.#model.history(asked);
    for (const { replica } of this.#replicas) {
      const rows: unknown[] = [];
      let { cursor } = asked;
      do {
        const [result] = replica.read([{ ...asked, cursor }]);
        rows.push(...plainChanges(result));
        cursor =
          typeof result === "object" && "rows" in result ? changesCursorOf(result) : undefined;
      } while (cursor !== undefined && rows.length < 5000);
      const first = rows[0] as OperationResult | undefined;
      expect(Array.isArray(expected) ? rows : plain(first)).toEqual(expected);
    }
  }

  compareTold(): void {
    for (const at of this.#listened) {
      const told = this.#told[at] ?? [];
      const plainly = told.map(({ key, revision, operation, expiresAt, source, start, end }) => {
        const isPut = operation === changeOperation.put;
        const value = isPut ? Buffer.from(source.subarray(start, end)).toString() : undefined;
        return { key, revision, operation, expiresAt, value };
      });
      expect(plainly).toEqual(this.#model.changes);
    }
  }

  someRevision(choice: number): Revision {
    const { last, changes } = this.#model;
    if (choice % 5 === 0) return choice % 2 === 0 ? newest : last;
    return changes[choice % (changes.length + 1)]?.revision ?? last;
  }

  #listen(at: 0 | 1): void {
    this.#told[at] = [];
    // What was applied before the replica's start is history.
    const { lastRevision } = this.#replicas[at].replica;
    this.#told[at].push(...this.#knownThrough(lastRevision));
    this.#replicas[at].replica.tellChanges((change) => this.#told[at]?.push(change));
  }

  #knownThrough(lastRevision: Revision): Change[] {
    const known = this.#model.changes.filter(({ revision }) => revision <= lastRevision);
    return known.map(({ value = "", ...change }) => {
      const source = Buffer.from(value);
      return { ...change, source, start: 0, end: source.length };
    });
  }

  #compareReads(replica: TestGroup["replica"], at: Revision): void {
    for (const key of keys) {
      const [result] = replica.read([get(key, at)]);
      expect(plain(result)).toEqual(this.#model.get(k(key), at));
    }
    for (const reverse of [false, true]) {
      const asked = range("b", "e", { reverse, at, keysOnly: reverse });
      const [result] = replica.read([asked]);
      const rows = plainRows(result);
      const expected = this.#model.range(asked);
      expect(Array.isArray(expected) ? rows : plain(result)).toEqual(expected);
    }
  }

  #freeze(replica: 0 | 1): void {
    // A cut's sessions are read late, after more was applied: that is what the cut has to withstand.
    if (this.#cuts[replica] !== undefined) return;
    const cut = this.#replicas[replica].replica.freeze();
    let written: WrittenCut | undefined;
    this.#cuts[replica] = {
      watermark: cut.watermark,
      get cells() {
        written ??= readOut(cut);
        return written.cells;
      },
    };
  }

  #checkpointed(replica: 0 | 1): void {
    const cut = this.#cuts[replica];
    if (cut === undefined) return;
    this.#replicas[replica].checkpoint.add(cut);
    this.#replicas[replica].replica.checkpointed();
    this.#cuts[replica] = undefined;
  }

  #restart(replica: 0 | 1): void {
    // An unfinished cut is lost with the process.
    this.#cuts[replica] = undefined;
    this.#replicas[replica].restart();
    if (this.#listened.includes(replica)) this.#listen(replica);
  }

  #log(step: Extract<Step, { aheadMs: number }>): void {
    this.#now = Math.max(0, this.#now + step.aheadMs * revisionsPerMs);
    for (const replica of this.#replicas) replica.now = this.#now;
    if (step.do === "frames") return this.#frames(step.frames);
    if (step.do === "noOp") this.#model.noOp();
    if (step.do === "tick") this.#model.tick(this.#now);
    const watermark = this.#now - revisionsPerMs;
    if (step.do === "watermark") this.#model.raiseWatermark(this.#now, watermark);
    for (const replica of this.#replicas) {
      if (step.do === "noOp") replica.noOp();
      if (step.do === "tick") replica.tick(this.#now);
      if (step.do === "watermark") replica.watermark(watermark);
    }
  }

  #frames(choices: readonly FrameChoice[]): void {
    const frames = choices.map((choice) => this.#frame(choice));
    this.#sent.push(...frames);
    const entry = encodeFramesEntry(
      this.#now,
      frames.map((frame) =>
        "session" in frame
          ? frameBytes(frame, frame.operations)
          : requestBytes(frame, first(frame.operations)),
      ),
    );
    const expected = this.#model.frames(this.#now, frames);
    for (const code of JSON.stringify(expected).matchAll(/"code":"(\w+)"/g)) {
      this.#codes.add(code[1] ?? "");
    }
    for (const replica of this.#replicas) {
      expect(replica.append(entry).map(plainOutcome)).toEqual(expected);
    }
  }

  #frame({ again, ...choice }: FrameChoice): ModelFrame | ModelRequest {
    const earlier = again === undefined ? undefined : this.#sent[again % (this.#sent.length + 1)];
    if (earlier !== undefined && "session" in earlier) {
      return { ...earlier, floor: Math.max(earlier.floor, choice.floor) };
    }
    if (earlier !== undefined) return earlier;
    if (choice.request !== undefined) return this.#request(choice.request, choice.operations);
    // Session 0 is the test's whole life old, session 1 follows the clock, session 2 is reborn now and then.
    const eras = [birth, this.#now, birth + Math.floor((this.#now - birth) / 1e9) * 1e9];
    const born = eras[choice.session] ?? birth;
    const session = `s${choice.session}-${born}`;
    const operations = choice.operations.map((one) => this.#operation(one));
    return { session, born, number: choice.number, floor: choice.floor, operations };
  }

  #request(
    { identity, hash }: { readonly identity: number; readonly hash: number },
    [choice]: readonly Choice[],
  ): ModelRequest {
    const own = identity === 0 ? kept.nothing : identity % 2 === 0 ? kept.reply : kept.message;
    const operations = choice === undefined ? [] : [this.#operation(choice)];
    return { identity: `i${identity}`, kept: own, hash, operations };
  }

  #operation(choice: Choice): WriteRequest {
    const { key, other, ttlMs, number } = choice;
    const expectation = this.#expectation(choice);
    const until = other > key ? other : undefined;
    const simple = [
      put(key, `v${number}`, { ttlMs, expectation: expectNothing }),
      put(key, `v${number}`, { ttlMs, expectation }),
      put(key, String(number), { ttlMs }),
      remove(key),
      remove(key, expectation),
      increment(key, number - 500),
      deleteRange(key, until, { limit: number % 3 }),
      put(key, `v${number}`, { expectation: absent }),
      purge(key, number % 2 === 0 ? undefined : expectation),
    ];
    const ago = number % 4 === 3 ? 5 * revisionsPerMs : number % 4;
    const since = Math.max(0, this.#model.last - ago);
    const transactions = [
      transaction([exists(key)], [put(other, `t${number}`, { ttlMs }), get(key)]),
      transaction([atRevision(key, expectation)], [increment(other, 1), remove(key)]),
      transaction([unchanged(key, until, since)], [put(key, `t${number}`), get(other)]),
      transaction([], [put(key, "1"), put(other, "2")]),
      transaction([], [get(key), get(other)]),
      transaction([], [remove(key), get(key)]),
      transaction([], [purge(key), put(other, "1")]),
      transaction([], [put(key, `x${number}`), increment(other, number)]),
    ];
    return [...simple, ...transactions][choice.kind] as WriteRequest;
  }

  /** Mostly the key's actual revision, so that conditional writes both succeed and fail. */
  #expectation({ key, number }: Choice): Revision {
    const current = this.#model.get(k(key), newest) as { revision: Revision } | null;
    if (number % 4 === 0) return number;
    return current?.revision ?? absent;
  }
}

interface ChangesChoice {
  readonly since: number;
  readonly until: number;
  readonly start: string;
  readonly limit: number;
  readonly keysOnly: boolean;
  readonly newestOnly: boolean;
}

const changesChoice: fc.Arbitrary<ChangesChoice> = fc.record({
  since: fc.nat(1000),
  until: fc.oneof(fc.constant(0), fc.nat(1000)),
  start: fc.constantFrom(...keys),
  limit: fc.constantFrom(1, 2, 3, 1000),
  keysOnly: fc.boolean(),
  newestOnly: fc.boolean(),
});

function changesCursorOf(result: OperationResult): ChangesCursor | undefined {
  if (typeof result !== "object" || result.kind !== operationKind.changes) return undefined;
  return result.cursor;
}

test("changes between any two revisions are what the naive model wrote, and are told as they are applied", () => {
  fc.assert(
    fc.property(
      fc.array(step, { minLength: 1, maxLength: 60, size: "max" }),
      fc.array(changesChoice, { minLength: 5, maxLength: 10 }),
      (steps, choices) => {
        const run = new Run(new Set(), [0, 1]);
        for (const step of steps) {
          run.take(step);
          for (const { start, ...choice } of choices) {
            const since = run.someRevision(choice.since);
            const asked = {
              ...choice,
              start: k(start),
              end: k("e"),
              until: run.someRevision(choice.until),
            };
            run.compareChanges(changes({ ...asked, since: since === newest ? 0 : since }));
          }
        }
        run.compareTold();
      },
    ),
    { numRuns: 60 },
  );
});

test("every answer and the whole state are what the naive model says, wherever checkpoints fall", () => {
  const codes = new Set<string>();
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 60, size: "max" }), (steps) => {
      const run = new Run(codes, [1]);
      for (const step of steps) {
        run.take(step);
        run.compareState();
      }
    }),
    { numRuns: 150 },
  );
  const sessions = ["STALE_FRAME", "SESSION_MISUSE", "SESSION_EXPIRED", "SESSION_WINDOW"];
  const refusals = [...sessions, "REQUEST_ID_REUSED"];
  const failures = ["BAD_REQUEST", "CONFLICT", "NOT_A_NUMBER", "TOO_OLD"];
  expect([...codes].toSorted()).toEqual([...refusals, ...failures].toSorted());
});

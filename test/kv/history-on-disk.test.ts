/** Changes read over table, frozen table and merging runs, page by page, are those that were written. */
import { expect, test } from "vitest";
import type { Changes, ChangesCursor } from "../../kv/commands/operation.ts";
import { changeOperation, type Change } from "../../kv/change.ts";
import { newest, revisionsPerMs, type Revision } from "../../kv/revision.ts";
import { ReplicaState } from "../../kv/replica-state.ts";
import { isPurge, versionKind } from "../../kv/version.ts";
import { CellCodec } from "../../infra/codec/cell-codec.ts";
import {
  encodeFramesEntry,
  encodeTickEntry,
  encodeWatermarkEntry,
  EntryDecoder,
} from "../../infra/codec/entry-codec.ts";
import { SeededRandomness } from "../../infra/randomness/seeded-randomness.ts";
import type { GroupStateStore } from "../../infra/state-store/state-store.ts";
import { emptyDirectory } from "../../kv/state/directory.ts";
import { simulatedStore, type TestStore } from "../state-store/stores.ts";
import { changes, deleteRange, increment, k, purge, put, remove } from "./support/operations.ts";
import { birth, clusterId, everything, frameBytes, group } from "./support/test-group.ts";

const tiny = { fanIn: 2, smallBytes: 4_000, garbageRatio: 0.3 };
const names = ["a", "aa", "ab", "b", "c", "ca", "d", "e"];

type Row = readonly [key: string, revision: Revision, kind: number, value: string];

class Life {
  readonly random: SeededRandomness;
  readonly written: Change[] = [];
  readonly state: ReplicaState;
  now = birth;
  cuts = 0;
  readonly #store: GroupStateStore;
  readonly #decoder = new EntryDecoder();
  #number = 0;

  constructor(seed: number, store: GroupStateStore) {
    this.random = new SeededRandomness(`changes ${seed}`);
    this.#store = store;
    const bornWith = { regions: everything, directory: emptyDirectory };
    const codec = new CellCodec();
    this.state = new ReplicaState({ clusterId, group, checkpoint: store, codec, bornWith });
    this.state.tellChanges((change) => void this.written.push(change));
  }

  get merges(): number {
    return this.#store.statistics().merges;
  }

  write(): void {
    const { random } = this;
    this.now += random.below(50) * revisionsPerMs;
    const name = names[random.below(names.length)] as string;
    const operations = [
      put(name, `v${this.written.length}`.padEnd(random.below(400), ".")),
      put(name, "short", { ttlMs: 20 + random.below(200) }),
      put(name, "1"),
      increment("n", 1),
      remove(name),
      purge(name),
      deleteRange(name, undefined, { limit: 1 + random.below(3) }),
    ];
    const chosen = operations[random.below(operations.length)] as (typeof operations)[number];
    this.#number += 1;
    const floor = this.#number - 1;
    const options = { session: `s${this.now}`, born: this.now, number: this.#number, floor };
    this.#append(
      encodeFramesEntry(this.now, [frameBytes(options, [chosen, put("z", "same frame")])]),
    );
  }

  tick(): void {
    this.now += this.random.below(500) * revisionsPerMs;
    this.#append(encodeTickEntry(this.now));
  }

  raiseWatermark(): void {
    const { lastRevision, watermark } = this.state;
    const to = watermark + Math.floor(this.random.fraction() * (lastRevision - watermark));
    this.#append(encodeWatermarkEntry(this.now, Math.max(birth, to)));
  }

  /** Whatever is read at any stage of the cut has to be right. */
  async cut(on: TestStore, look: () => void): Promise<void> {
    const cut = this.state.freeze();
    this.write();
    look();
    await on.finish((done) => this.#store.write(cut, done));
    this.write();
    look();
    await on.finish((done) => this.#store.switchTo(cut.appliedThrough, done));
    look();
    this.state.checkpointed();
    this.cuts += 1;
  }

  #append(entry: Uint8Array): void {
    this.state.apply(this.state.appliedThrough + 1, this.#decoder.decode(entry));
  }
}

function expectedOf(written: readonly Change[], asked: Changes, last: Revision): Row[] {
  const until = asked.until === newest ? last : asked.until;
  const keys = [...new Set(written.map(({ key }) => key))].toSorted();
  const rows: Row[] = [];
  for (const key of keys) {
    if (key < asked.start || (asked.end !== undefined && key >= asked.end)) continue;
    for (const change of written.toReversed()) {
      const { revision, operation, source, start, end } = change;
      if (change.key !== key || revision > until || revision <= asked.since) continue;
      const isPut = operation === changeOperation.put;
      const value = isPut ? Buffer.from(source.subarray(start, end)).toString() : "";
      rows.push([key, revision, isPut ? versionKind.put : versionKind.tombstone, value]);
      if (asked.newestOnly || operation === changeOperation.purge) break;
    }
  }
  return rows;
}

function readAll(state: ReplicaState, asked: Changes): Row[] {
  const rows: Row[] = [];
  let cursor: ChangesCursor | undefined;
  for (let pages = 0; pages < 10_000; pages++) {
    const [result] = state.read([{ ...asked, cursor }]);
    if (typeof result !== "object" || !("rows" in result)) throw new Error(JSON.stringify(result));
    for (const { key, version } of result.rows) {
      const { revision, kind, source, start, end } = version;
      const value =
        kind === versionKind.put ? Buffer.from(source.subarray(start, end)).toString() : "";
      rows.push([key, revision, kind, value]);
      expect(isPurge(version) && kind === versionKind.put).toBe(false);
    }
    cursor = result.cursor as ChangesCursor | undefined;
    if (cursor === undefined) return rows;
  }
  throw new Error("the pages never end");
}

function look(life: Life): void {
  const { random, state, written } = life;
  const { watermark, lastRevision } = state;
  const between = (): Revision =>
    watermark + Math.floor(random.fraction() * (lastRevision - watermark));
  const at = random.below(3) === 0 ? watermark : between();
  const some = written[random.below(written.length)]?.revision ?? 0;
  const since = random.chance(0.5) && some >= watermark ? some : at;
  const untilSome = random.chance(0.5)
    ? between()
    : (written[random.below(written.length)]?.revision ?? newest);
  const asked = changes({
    since,
    until: random.chance(0.4) ? newest : untilSome,
    start: k(random.chance(0.5) ? "" : (names[random.below(8)] as string)),
    end: random.chance(0.5) ? undefined : k(names[random.below(8)] as string),
    limit: [0, 1, 2, 3, 7][random.below(5)] as number,
    newestOnly: random.chance(0.3),
  });
  if (asked.end !== undefined && asked.end <= asked.start) return;
  expect(readAll(state, asked)).toEqual(expectedOf(written, asked, lastRevision));
}

test.each(Array.from({ length: Number(process.env["SEEDS"] ?? 3) }, (_, at) => at + 1))(
  "seed %i",
  async (seed) => {
    const on = simulatedStore();
    const life = new Life(seed, (await on.open(tiny)).group(group));
    for (let step = 0; step < 250; step++) {
      const drawn = life.random.below(40);
      if (drawn === 0) life.raiseWatermark();
      else if (drawn < 3) life.tick();
      else if (drawn < 5) await life.cut(on, () => look(life));
      else life.write();
      if (life.random.below(10) === 0) await on.turns(life.random.below(60));
      look(life);
    }
    expect(life.cuts).toBeGreaterThan(3);
    expect(life.merges).toBeGreaterThan(2);
  },
);

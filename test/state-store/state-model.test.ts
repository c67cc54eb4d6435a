/** Random checkpoints, merges, reopenings and crashes against a model that simply keeps everything. */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { keepsHistory, space, type CellCursor, type Space } from "../../kv/state-reader.ts";
import type { MergePolicy } from "../../infra/state-store/merge-policy.ts";
import type { GroupStateStore } from "../../infra/state-store/state-store.ts";
import { allCells, cutOf, plainVersion, type PlainCell } from "./cuts.ts";
import { checkpoint, testStores, type TestStore } from "./stores.ts";

const newest = Number.MAX_SAFE_INTEGER;
const keys = ["", "a", "aa", "ab", "b", "b\u0000", "b\u0000c", "c\u00ff", "d", "e", "\u00ff"];

/** One write of a cut; revisions are handed out in order. */
const write = fc.record({
  of: fc.constantFrom(space.data, space.data, space.data, space.session, space.expiry),
  key: fc.constantFrom(...keys),
  length: fc.oneof(fc.constant(undefined), fc.integer({ min: 0, max: 40 }), fc.constant(1500)),
});

const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ cut: fc.array(write, { maxLength: 30 }), lag: fc.nat({ max: 40 }) }),
  },
  { weight: 1, arbitrary: fc.constant("reopen" as const) },
  { weight: 1, arbitrary: fc.constant("forget a written cut" as const) },
  { weight: 2, arbitrary: fc.record({ turns: fc.nat({ max: 60 }) }) },
);
type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never;

const policies: readonly MergePolicy[] = [
  { fanIn: 2, smallBytes: 5000, garbageRatio: 0.3 },
  { fanIn: 3, smallBytes: 1 << 20, garbageRatio: 1 },
  { fanIn: 4, smallBytes: 1, garbageRatio: 100 },
];

class Model {
  cells: PlainCell[] = [];
  lastRevision = 0;
  watermark = 0;
  appliedThrough = 0;

  /** The cells of the next cut. */
  grow(
    writes: readonly { of: Space; key: string; length: number | undefined }[],
    lag: number,
  ): PlainCell[] {
    this.appliedThrough += 1;
    const cut = new Map<string, PlainCell>();
    for (const { of, key, length } of writes) {
      this.lastRevision += 1;
      const value = length === undefined ? undefined : `${this.lastRevision}`.padEnd(length, ".");
      const expiresAt = length === 7 ? this.lastRevision + 5 : 0;
      const cell = { of, key, revision: this.lastRevision, value, expiresAt };
      cut.set(keepsHistory(of) ? `${this.lastRevision}` : `${of} ${key}`, cell);
    }
    this.watermark = Math.max(this.watermark, this.lastRevision - lag);
    this.cells.push(...cut.values());
    return [...cut.values()];
  }

  /** What a reader at `revision` sees of a key: its newest version, unless that is a tombstone. */
  visible(of: Space, key: string, revision: number): PlainCell | undefined {
    const at = keepsHistory(of) ? revision : newest;
    const version = this.cells.findLast(
      (cell) => cell.of === of && cell.key === key && cell.revision <= at,
    );
    return version?.value === undefined ? undefined : version;
  }

  visibleRange(of: Space, start: string, end: string | undefined, revision: number): PlainCell[] {
    const within = keys.filter((key) => key >= start && (end === undefined || key < end)).sort();
    return within.flatMap((key) => this.visible(of, key, revision) ?? []);
  }
}

/** A reader's view of a scan: per key the newest version at or below the revision that is not a tombstone. */
function project(cells: readonly PlainCell[], revision: number): PlainCell[] {
  const seen = new Set<string>();
  return cells.filter((cell) => {
    if (cell.revision > revision || seen.has(cell.key)) return false;
    seen.add(cell.key);
    return cell.value !== undefined;
  });
}

function firstOfKeys(cells: readonly PlainCell[]): PlainCell[] {
  return cells.filter(({ key }, at) => at === 0 || cells[at - 1]?.key !== key);
}

/** As `firstOfKeys`, without reading what lies between. */
function firstCells(of: Space, cursor: CellCursor): PlainCell[] {
  const nextKeys = { next: nextKey, nextKey };
  let isFirst = true;
  function nextKey() {
    const cell = isFirst ? cursor.next() : cursor.nextKey();
    isFirst = false;
    return cell;
  }
  return allCells(of, nextKeys);
}

function compareAll(model: Model, group: GroupStateStore): void {
  expect(group.checkpoint?.appliedThrough).toBe(
    model.appliedThrough === 0 ? undefined : model.appliedThrough,
  );
  const { watermark, lastRevision } = model;
  for (const of of [space.data, space.session, space.expiry]) {
    const revisions = keepsHistory(of)
      ? [watermark, Math.ceil((watermark + lastRevision) / 2), newest]
      : [newest];
    for (const revision of revisions) {
      for (const key of keys) {
        const found = group.find(of, key, revision);
        const visible = found === undefined || found.kind === 1 ? undefined : plainVersion(found);
        const expected = model.visible(of, key, revision);
        expect(visible, `${of} ${key}@${revision}`).toEqual(
          expected && {
            revision: expected.revision,
            value: expected.value,
            expiresAt: expected.expiresAt,
          },
        );
      }
      for (const [start, end] of [
        ["", undefined],
        ["a", "c"],
        ["b", undefined],
        ["aa", "aa"],
        ["b\u0000", "e"],
      ] as const) {
        const expected = model.visibleRange(of, start, end, revision);
        const forward = allCells(of, group.scan(of, start, end, false));
        const reverse = allCells(of, group.scan(of, start, end, true));
        expect(project(forward, revision)).toEqual(expected);
        expect(firstCells(of, group.scan(of, start, end, false))).toEqual(firstOfKeys(forward));
        expect(firstCells(of, group.scan(of, start, end, true))).toEqual(firstOfKeys(reverse));
        expect(project(reverse, revision)).toEqual(expected.reverse());
      }
    }
  }
}

/** Above the watermark nothing is ever dropped; cells that nobody asked for may be among the answers. */
function compareHistory(model: Model, group: GroupStateStore): void {
  const { watermark, lastRevision } = model;
  const between = Math.ceil((watermark + lastRevision) / 2);
  for (const [since, until] of [
    [watermark, newest],
    [between, newest],
    [watermark, between],
    [lastRevision, newest],
  ] as const) {
    for (const [start, below, end] of [
      ["", newest, undefined],
      ["a", newest, "c"],
      ["b", between, undefined],
      ["b\u0000", lastRevision, "e"],
    ] as const) {
      const isWanted = ({ key, revision }: PlainCell) =>
        revision > since && revision <= until && (key !== start || revision < below);
      const expected = model.cells
        .filter(
          ({ of, key }) => of === space.data && key >= start && (end === undefined || key < end),
        )
        .filter(isWanted)
        .toSorted((a, b) => (a.key === b.key ? b.revision - a.revision : a.key < b.key ? -1 : 1));
      const range = { start, end, below, since, until };
      const read = allCells(space.data, group.history(space.data, range));
      expect(read.filter(isWanted)).toEqual(expected);
      expect(firstCells(space.data, group.history(space.data, range))).toEqual(firstOfKeys(read));
      expect(read.filter(({ revision }) => revision <= since)).toEqual([]);
    }
  }
}

async function play(on: TestStore, steps: readonly Step[], policy: MergePolicy): Promise<void> {
  const model = new Model();
  let store = await on.open(policy);
  let group = store.group("g");
  const reopen = async (): Promise<void> => {
    await store.close();
    store = await on.open(policy);
    group = store.group("g");
  };
  try {
    for (const next of steps) {
      if (next === "forget a written cut") {
        const lost = { of: space.data, key: "a", revision: newest, value: "lost", expiresAt: 0 };
        const cut = cutOf({ appliedThrough: model.appliedThrough + 1 }, [lost]);
        await on.finish((done) => group.write(cut, done));
        await reopen();
      } else if (next === "reopen") {
        await reopen();
      } else if ("turns" in next) {
        await on.turns(next.turns);
      } else {
        const cells = model.grow(next.cut, next.lag);
        const { appliedThrough, watermark } = model;
        await checkpoint(on, group, cutOf({ appliedThrough, watermark }, cells));
      }
      compareAll(model, group);
      compareHistory(model, group);
    }
  } finally {
    await store.close();
    on.remove();
  }
}

describe.each(testStores)("$name", ({ name, make }) => {
  test("whatever was switched to is read back, whatever merges and reopenings lie between", async () => {
    const numRuns = name === "LMDB" ? 12 : 250;
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { minLength: 1, maxLength: 40 }),
        fc.constantFrom(...policies),
        (steps, policy) => play(make(), steps, policy),
      ),
      { numRuns },
    );
  });
});

/** What is not wanted is not read: blocks are counted as they leave the disk. */
import { expect, test } from "vitest";
import { newest } from "../../kv/revision.ts";
import { space, type CellCursor } from "../../kv/state-reader.ts";
import type { GroupStateStore } from "../../infra/state-store/state-store.ts";
import { allCells, cutOf, names, put, type PlainCell } from "./cuts.ts";
import { checkpoint, simulatedStore } from "./stores.ts";

interface Counted {
  readonly group: GroupStateStore;
  /** Blocks read by `work`. */
  readonly blocksReadBy: (work: () => void) => number;
}

/** A store with one run for each list of cells; nothing is merged. */
async function storeOf(...runs: readonly (readonly PlainCell[])[]): Promise<Counted> {
  const on = simulatedStore();
  const store = await on.open({ fanIn: 100, smallBytes: 1, garbageRatio: 100 });
  const group = store.group("g");
  for (const [at, cells] of runs.entries()) {
    await checkpoint(on, group, cutOf({ appliedThrough: at + 1 }, cells));
  }
  let blocks = 0;
  const read = on.disk.read.bind(on.disk);
  on.disk.read = (run, block) => {
    blocks += 1;
    return read(run, block);
  };
  const blocksReadBy = (work: () => void): number => {
    const before = blocks;
    work();
    return blocks - before;
  };
  return { group, blocksReadBy };
}

const value = "x".repeat(100);

function keys(count: number, revision: number): PlainCell[] {
  return Array.from({ length: count }, (_, at) =>
    put(space.data, `k${String(at).padStart(5, "0")}`, revision + at, value),
  );
}

/** One key with many versions, and a neighbour on each side. */
function hotKey(versions: number): PlainCell[] {
  const hot = Array.from({ length: versions }, (_, at) => put(space.data, "hot", at + 2, value));
  return [put(space.data, "a", 1, value), ...hot, put(space.data, "z", versions + 2, value)];
}

function eachKeyOnce(cursor: CellCursor): string {
  const cells: PlainCell[] = [];
  let cell = cursor.next();
  for (; cell !== undefined; cell = cursor.nextKey()) {
    const { revision } = cell.version;
    cells.push({ of: space.data, key: cell.key, revision, value: "", expiresAt: 0 });
  }
  return names(cells);
}

test("what changed since a revision is read from the runs that are newer, and from no other", async () => {
  const { group, blocksReadBy } = await storeOf(keys(20_000, 1), keys(3, 30_001));
  const range = { start: "", end: undefined, below: newest, until: newest };
  const all = blocksReadBy(() =>
    allCells(space.data, group.history(space.data, { ...range, since: 0 })),
  );
  let changed = "";
  const few = blocksReadBy(() => {
    changed = names(allCells(space.data, group.history(space.data, { ...range, since: 25_000 })));
  });
  expect(changed).toBe("k00000@30001 k00001@30002 k00002@30003");
  expect(all).toBeGreaterThan(200);
  expect(few).toBeLessThan(5);
});

test("what was there up to a revision is read from the runs that are old enough", async () => {
  const { group, blocksReadBy } = await storeOf(keys(3, 1), keys(20_000, 30_001));
  const range = { start: "", end: undefined, below: newest, since: 0, until: 25_000 };
  let old = "";
  const few = blocksReadBy(
    () => (old = names(allCells(space.data, group.history(space.data, range)))),
  );
  expect(old).toBe("k00000@1 k00001@2 k00002@3");
  expect(few).toBeLessThan(5);
});

test("a key's many versions are passed by, by a scan and by a history", async () => {
  const { group, blocksReadBy } = await storeOf(hotKey(20_000));
  const range = { start: "", end: undefined, below: newest, since: 0, until: newest };
  for (const open of [
    () => group.scan(space.data, "", undefined, false),
    () => group.history(space.data, range),
  ]) {
    let seen = "";
    const few = blocksReadBy(() => (seen = eachKeyOnce(open())));
    expect(seen).toBe("a@1 hot@20001 z@20002");
    expect(few).toBeLessThan(8);
  }
});

test("of a key's many versions those below one are found at once, and those that are too old are passed by", async () => {
  const { group, blocksReadBy } = await storeOf(hotKey(20_000));
  const range = { start: "hot", end: undefined, below: 12_002, since: 11_999, until: newest };
  let seen = "";
  const few = blocksReadBy(
    () => (seen = names(allCells(space.data, group.history(space.data, range)))),
  );
  expect(seen).toBe("hot@12001 hot@12000 z@20002");
  expect(few).toBeLessThan(8);
});

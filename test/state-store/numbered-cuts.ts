/** Checkpoints whose contents follow from their number, so that any process can tell what must be there. */
import { space } from "../../kv/state-reader.ts";
import type { MergePolicy } from "../../infra/state-store/merge-policy.ts";
import type { CheckpointCut, GroupStateStore } from "../../infra/state-store/state-store.ts";
import { cutOf, put, tombstone, valueOf, type PlainCell } from "./cuts.ts";

const keyCount = 300;
const revisionsPerCut = 1000;

/** Merges so often that there is always one under way. */
export const busyMerging: MergePolicy = { fanIn: 3, smallBytes: 60_000, garbageRatio: 0.7 };

function cellsOf(number: number): PlainCell[] {
  const cells: PlainCell[] = [];
  for (let index = 0; index < keyCount; index += 1) {
    if ((index * 7 + number) % 3 !== 0) continue;
    const revision = number * revisionsPerCut + index;
    const key = keyOf(index);
    if ((index + number) % 11 === 0) cells.push(tombstone(space.data, key, revision));
    else cells.push(put(space.data, key, revision, `${number}/${index}`.padEnd(150 + index, ".")));
  }
  return cells;
}

/** The cut that makes checkpoint `number`, numbered by its slot; history is kept for one checkpoint. */
export function numberedCut(number: number): CheckpointCut {
  return cutOf(
    { appliedThrough: number, watermark: Math.max(0, (number - 1) * revisionsPerCut - 1) },
    cellsOf(number),
  );
}

/** Throws unless the group holds exactly what its checkpoint says it holds. */
export function checkNumbered(group: GroupStateStore): number {
  const number = group.checkpoint?.appliedThrough ?? 0;
  const expected = new Map<string, string | undefined>();
  for (let cut = Math.max(1, number - 50); cut <= number; cut += 1) {
    for (const { key, value } of cellsOf(cut)) expected.set(key, value);
  }
  for (let index = 0; index < keyCount; index += 1) {
    const key = keyOf(index);
    const version = group.find(space.data, key, Number.MAX_SAFE_INTEGER);
    const value = version === undefined ? undefined : valueOf(version);
    if (value !== expected.get(key)) {
      throw new Error(`checkpoint ${number}, ${key}: ${value} instead of ${expected.get(key)}`);
    }
  }
  return number;
}

function keyOf(index: number): string {
  return `bucket\u0000key-${String(index).padStart(4, "0")}`;
}

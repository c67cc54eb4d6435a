/** Which runs are merged: like with like, and none so rarely that they pile up. */
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { chooseMerge, defaultMergePolicy, runsLate } from "../../infra/state-store/merge-policy.ts";
import type { RunDescriptor } from "../../infra/state-store/run.ts";

const kibibyte = 2 ** 10;
const mebibyte = 2 ** 20;

function run(id: number, bytes: number): RunDescriptor {
  const shape = { blocks: 1, filterWords: 1, firstKeyBytes: 1, tailBlocks: 1, cells: 1, keys: 1 };
  return { ...shape, id, bytes, minRevision: id, maxRevision: id };
}

/** Newest first, after each checkpoint of these sizes and all merges that come of it. */
class Runs {
  list: RunDescriptor[] = [];
  bytesMerged = 0;
  #next = 1;

  add(bytes: number): void {
    this.list.unshift(run(this.#next, bytes));
    this.#next += 1;
    for (let window = this.#choose(); window !== undefined; window = this.#choose()) {
      const { first, behind } = window;
      expect(behind - first).toBeGreaterThan(1);
      const inputs = this.list.slice(first, behind);
      const bytesOfAll = inputs.reduce((sum, { bytes: each }) => sum + each, 0);
      this.bytesMerged += bytesOfAll;
      this.list.splice(first, behind - first, run(inputs[0]?.id ?? 0, bytesOfAll));
    }
  }

  /** Nothing lies below the watermark: all of it is to be kept. */
  #choose() {
    return chooseMerge(this.list, 0, defaultMergePolicy, () => 0);
  }
}

test("small and large checkpoints in turn do not pile up", () => {
  const runs = new Runs();
  let most = 0;
  for (let round = 0; round < 200; round += 1) {
    for (let small = 0; small < 7; small += 1) runs.add(100 * kibibyte);
    for (let middle = 0; middle < 3; middle += 1) runs.add(mebibyte * (1 + (round % 5)));
    runs.add(20 * mebibyte);
    most = Math.max(most, runs.list.length);
  }
  expect(most).toBeLessThan(runsLate);
  const bytesWritten = runs.list.reduce((sum, { bytes }) => sum + bytes, 0);
  // Each byte is rewritten once for each power of eight that its run grows by, and seldom besides.
  expect(runs.bytesMerged / bytesWritten).toBeLessThan(5);
});

test("whatever sizes come, fewer runs are left than a checkpoint waits for", () => {
  const sizes = fc.array(
    fc.record({
      times: fc.integer({ min: 1, max: 7 }),
      bytes: fc.integer({ min: 0, max: 26 }).map((power) => 2 ** power),
    }),
    { maxLength: 60 },
  );
  fc.assert(
    fc.property(sizes, (groups) => {
      const runs = new Runs();
      for (const { times, bytes } of groups) {
        for (let count = 0; count < times; count += 1) runs.add(bytes);
        expect(runs.list.length).toBeLessThan(runsLate);
      }
    }),
    { numRuns: 300 },
  );
});

test("large runs wait for more of their kind than small ones do", () => {
  const of = (count: number, bytes: number) =>
    Array.from({ length: count }, (_, at) => run(count - at, bytes));
  const choose = (list: readonly RunDescriptor[]) =>
    chooseMerge(list, 0, defaultMergePolicy, () => 0);
  expect(choose(of(7, 100 * mebibyte))).toBeUndefined();
  expect(choose(of(8, 100 * mebibyte))).toEqual({ first: 0, behind: 8 });
  expect(choose(of(15, 200 * mebibyte))).toBeUndefined();
  expect(choose(of(16, 200 * mebibyte))).toEqual({ first: 0, behind: 16 });
});

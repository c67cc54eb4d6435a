/** The command line of `npm run bench`. */
import { expect, test } from "vitest";
import { cellName } from "../../bench/comparison/cell.ts";
import { parseComparison, type ComparisonOptions } from "../../bench/comparison/options.ts";
import { fullPlan, keysOf, usualSeconds } from "../../bench/comparison/plan.ts";
import { targets } from "../../bench/comparison/targets.ts";

const parse = (...args: readonly string[]): ComparisonOptions => parseComparison(args, true);

test("without options everything is measured, and every target's cell is in it", () => {
  const { cells, contestants, rounds, keys, quick } = parse();
  expect(cells).toEqual(fullPlan);
  expect(contestants).toHaveLength(8);
  expect({ rounds, keys, quick }).toEqual({ rounds: 3, keys: 1_000_000, quick: false });
  for (const { cell } of targets) expect(cells).toContainEqual(cell);
});

test("a quick run has every target's cell, and takes what is said beside it", () => {
  const { cells, rounds, keys, quick, tune } = parse("--quick", "--keys", "500");
  for (const { cell } of targets) expect(cells).toContainEqual(cell);
  expect({ rounds, keys, quick, tune }).toEqual({ rounds: 1, keys: 500, quick: true, tune: false });
});

test("words of one kind widen, words of several kinds narrow", () => {
  const named = parse("--only", "put,get,256,128B,closed,synod").cells.map(cellName);
  expect(named).toEqual(["put 128 B, 256 callers", "get 128 B, 256 callers"]);
  expect(parse("--only", "synod etcd").contestants).toEqual(["synod", "etcd"]);
  expect(parse("--only", "synod").cells).toEqual(fullPlan);
  expect(
    parse("--only", "open").cells.every(({ ratePerSecond }) => ratePerSecond !== undefined),
  ).toBe(true);
});

test("the larger values have keys of their own, and fewer of them", () => {
  expect(keysOf({ valueBytes: 128 }, 1_000)).toEqual({ firstKey: 0, keys: 1_000 });
  expect(keysOf({ valueBytes: 4096 }, 1_000)).toEqual({ firstKey: 50_000_000, keys: 100 });
});

test("puts last as long as Synod needs for three checkpoints, unless it is said how long", () => {
  const seconds = (callers: number, isSynod: boolean, workload: "put" | "get" = "put") =>
    usualSeconds({ workload, valueBytes: 128, callers }, 8, isSynod);
  expect([seconds(256, true), seconds(256, false)]).toEqual([30, 30]);
  expect([seconds(1, true), seconds(1, false)]).toEqual([190, 8]);
  expect([seconds(1024, true), seconds(256, true, "get")]).toEqual([8, 8]);
  expect(parse().lengthen).toBe(true);
  expect(parse("--seconds", "8").lengthen).toBe(false);
  expect(parse("--quick").lengthen).toBe(false);
});

test.each([
  [["--rounds", "0"], "It must be a whole number above 0."],
  [["--rounds", "2.5"], "It must be a whole number above 0."],
  [["--seconds", "-1"], "It must be a number above 0."],
  [["--only", "puts"], "--only knows no word 'puts' here; there are put, "],
  [["--only", "watch,4KiB"], "no cell fits --only watch,4KiB"],
  [["--quick", "--only", "cas"], "--only knows no word 'cas' here"],
  [["--port", "1"], "unknown option '--port'"],
  [["everything"], "too many arguments"],
])("%j is refused, and says why", (args, message) => {
  expect(() => parse(...args)).toThrow(message);
});

import { expect, test } from "vitest";
import { keptTable } from "../../bench/capacity/kept.ts";
import { keyAt } from "../../bench/capacity/keys.ts";
import { parseCapacity } from "../../bench/capacity/options.ts";
import { renderCapacity } from "../../bench/capacity/report.ts";
import type { CapacityResult } from "../../bench/capacity/results.ts";
import type { Restart } from "../../bench/capacity/restart.ts";
import { capacityTargets, percentile, recoveryTarget } from "../../bench/capacity/targets.ts";
import type { PutCost } from "../../bench/capacity/growth.ts";

const machine = {
  processor: "a processor",
  cores: 2,
  memoryGiB: 8,
  kernel: "6.1",
  fileSystem: "ext4",
  node: "v20.20.0",
};

function made(keys: number): CapacityResult {
  return {
    day: "2026-01-31",
    machine,
    natsServer: "2.9.10",
    options: { keys, callers: 256, valueBytes: 128, seconds: 60, quick: false },
    growth: [cost(10_000, 20), cost(10_000_000, 26)],
    memory: { loadedMiB: 180, busyMiB: 205, idleMiB: 210, stateMiB: 900 },
    restarts: [restart("one node", 2_000), restart("one node", 3_500), restart("all nodes", 900)],
  };
}

function cost(keys: number, nodesCpuUs: number): PutCost {
  return {
    keys,
    puts: 1_000,
    errors: 0,
    putsPerSecond: 50_000,
    nodesCpuUs,
    brokerCpuUs: 3,
    clientCpuUs: 5,
    checkpoints: 4,
    trims: 2,
    stateMiB: 100,
    anonymousMiB: 150,
    coresUsedByOthers: 0,
  };
}

function restart(killed: Restart["killed"], answeredMs: number): Restart {
  return { killed, answeredMs, caughtUpMs: 500, tailMiB: 22, tailSlots: 1_000 };
}

test("the slowest restart, the most memory and the ratio of costs are held against the bounds", () => {
  const judged = capacityTargets(made(5_000_000)).map(({ value, verdict }) => [value, verdict]);
  expect(judged).toEqual([
    [3.5, "missed"],
    [0.9, "aim met"],
    [210, "met"],
    [1.3, "met"],
  ]);
});

test("of fewer keys than promised nothing follows for memory and restarts", () => {
  const verdicts = capacityTargets(made(4_999_999)).map(({ verdict }) => verdict);
  expect(verdicts).toEqual(["not measured", "not measured", "not measured", "met"]);
  expect(capacityTargets(undefined).every(({ verdict }) => verdict === "not measured")).toBe(true);
});

test("a p99 of thirty kills is the longest; fewer kills prove nothing", () => {
  const of = (outageMs: readonly number[]) =>
    recoveryTarget({
      day: "2026-01-31",
      machine,
      natsServer: "2.9.10",
      callers: 4,
      outages: [{ killed: "leader", outageMs }],
    });
  const many = Array.from({ length: 30 }, (_, at) => 600 + at);
  expect(of(many)).toMatchObject({ value: 0.629, verdict: "aim met" });
  expect(of([...many.slice(1), 1_500])).toMatchObject({ value: 1.5, verdict: "missed" });
  expect(of(many.slice(1)).verdict).toBe("not measured");
  expect(percentile([3, 1, 2], 0.5)).toBe(2);
});

test("keys are all different, in one region, and lie all over it", () => {
  const keys = Array.from({ length: 100_000 }, (_, number) => keyAt(number));
  expect(new Set(keys).size).toBe(keys.length);
  expect(keys.every((key) => /^k[0-9a-f]{8}$/.test(key))).toBe(true);
  const firsts = new Set(keys.slice(0, 1_000).map((key) => key[1]));
  expect(firsts.size).toBe(16);
});

test("sizes are measured in ascending order, and a quick run has small ones", () => {
  expect(parseCapacity(["--sizes", "300,20"]).sizes).toEqual([20, 300]);
  expect(parseCapacity([])).toMatchObject({ keys: 5_000_000, quick: false, callers: 256 });
  const quick = parseCapacity(["--quick", "--keys", "7"]);
  expect(quick).toMatchObject({ quick: true, keys: 7, restarts: 1 });
  expect(Math.max(...quick.sizes)).toBeLessThan(100_000);
});

test("a report names machine, durability and what each part measured", () => {
  const text = renderCapacity(made(5_000_000));
  for (const part of ["a processor", "fdatasync", "10,000,000", "one node", "210"]) {
    expect(text).toContain(part);
  }
});

test("the table beside the comparison has a row for every target, measured or not", () => {
  const empty = keptTable({ capacity: undefined, recovery: undefined });
  expect(empty.rows.map(([, verdict]) => verdict)).toEqual(
    Array.from({ length: 5 }, () => "not measured"),
  );
  const half = keptTable({ capacity: made(5_000_000), recovery: undefined });
  expect(half.note).toContain("2026-01-31");
  expect(half.rows[1]).toEqual([
    expect.stringContaining("one of three"),
    "missed",
    "3.5 s",
    "3 s",
    "1 s",
  ]);
});

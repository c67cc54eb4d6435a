/** Latencies are told to three significant digits. */
import { expect, test } from "vitest";
import { LatencyHistogram } from "../../bench/drivers/latency-histogram.ts";
import { randomKeys } from "../../bench/drivers/random-keys.ts";
import { keyOf } from "../../bench/comparison/task.ts";

test.each([1, 2_047, 2_048, 2_049, 4_095, 4_096, 5_000, 123_456, 59_999_999, 134_217_727])(
  "%i us",
  (us) => {
    const histogram = new LatencyHistogram();
    histogram.record(us);
    histogram.record(134_217_727);
    const told = histogram.percentile(0.5);
    expect(told).toBeGreaterThanOrEqual(us);
    expect(told).toBeLessThan(us * 1.001 + 1);
  },
);

test("percentiles are those of a sorted list", () => {
  const histogram = new LatencyHistogram();
  const all = Array.from({ length: 1_000 }, (_, at) => 1 + ((at * 7_919) % 1_000) ** 2);
  for (const us of all) histogram.record(us);
  const sorted = all.toSorted((left, right) => left - right);
  for (const share of [0.001, 0.5, 0.9, 0.99, 0.999, 1]) {
    const exact = sorted[Math.ceil(share * 1_000) - 1] ?? 0;
    expect(histogram.percentile(share)).toBeGreaterThanOrEqual(exact);
    expect(histogram.percentile(share)).toBeLessThan(exact * 1.001 + 1);
  }
  expect(histogram.max).toBe(998_002);
  expect(histogram.count).toBe(1_000);
});

test("nothing was recorded: all is zero", () => {
  expect(new LatencyHistogram().percentile(0.99)).toBe(0);
});

test("what takes longer than two minutes counts as that, and is told as it was", () => {
  const histogram = new LatencyHistogram();
  histogram.record(1e9);
  expect(histogram.max).toBe(1e9);
  expect(histogram.percentile(0.5)).toBe(134_217_727);
});

test.each([
  { firstKey: 0, keys: 3, spreadKeys: false },
  { firstKey: 19_998, keys: 5, spreadKeys: false },
  { firstKey: 99_990, keys: 60, spreadKeys: true },
  { firstKey: 99_999_998, keys: 4, spreadKeys: true },
])("random keys are those of their numbers: %o", (task) => {
  const known = new Set(Array.from({ length: task.keys }, (_, number) => keyOf(task, number)));
  const random = randomKeys(task);
  const chosen = new Set(Array.from({ length: 5_000 }, random));
  expect(chosen).toEqual(known);
});

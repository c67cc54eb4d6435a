/** What is concluded from several rounds. */
import { expect, test } from "vitest";
import { median, p50, ratioWithinRounds, throughput } from "../../bench/comparison/ratios.ts";
import { cellResult, measurement, put256 } from "./made-result.ts";

test("the median of an even number lies between the middle two, and none has none", () => {
  expect(median([9, 1, 5])).toBe(5);
  expect(median([9, 1, 5, 7])).toBe(6);
  expect(median([])).toBeUndefined();
});

test("ratios are taken within rounds: a machine that is slow for one round changes none", () => {
  const cell = cellResult(put256, {
    synod: [measurement(1, 800), measurement(2, 80), measurement(3, 900)],
    etcd: [measurement(1, 100), measurement(2, 10), measurement(3, 100)],
  });
  expect(ratioWithinRounds(cell, "synod", ["etcd"], throughput, "most")).toBe(8);
});

test("of two peers the better one of each round counts", () => {
  const cell = cellResult(put256, {
    synod: [measurement(1, 800), measurement(2, 800), measurement(3, 800)],
    etcd: [measurement(1, 100), measurement(2, 200), measurement(3, 100)],
    "etcd-debian": [measurement(1, 200), measurement(2, 100), measurement(3, 400)],
  });
  expect(ratioWithinRounds(cell, "synod", ["etcd", "etcd-debian"], throughput, "most")).toBe(4);
});

test("of latencies the lowest of the peers counts", () => {
  const latency = (of: number) => ({ latencyUs: { p50: of, p99: of, p999: of, max: of } });
  const cell = cellResult(put256, {
    synod: [measurement(1, 1, latency(900))],
    etcd: [measurement(1, 1, latency(600))],
    "etcd-debian": [measurement(1, 1, latency(1_200))],
  });
  expect(ratioWithinRounds(cell, "synod", ["etcd", "etcd-debian"], p50, "least")).toBe(1.5);
});

test("a round in which one of them failed is left out", () => {
  const cell = cellResult(put256, {
    synod: [measurement(1, 300), { round: 2, failure: "it ended" }, measurement(3, 500)],
    etcd: [measurement(1, 100), measurement(2, 100), { round: 3, failure: "it ended" }],
  });
  expect(ratioWithinRounds(cell, "synod", ["etcd"], throughput, "most")).toBe(3);
  expect(ratioWithinRounds(cell, "synod", ["jetstream"], throughput, "most")).toBeUndefined();
});

/** What is promised of many keys and of a leader's death, and whether the runs bear it out. All are upper bounds. */
import type { RecoveryResult } from "../recovery/results.ts";
import type { CapacityResult, Memory } from "./results.ts";
import type { Restart } from "./restart.ts";

export interface CapacityTarget {
  readonly what: string;
  readonly unit: "s" | "MiB" | "x";
  readonly value: number | undefined;
  /** May not be exceeded. */
  readonly atLeast: number;
  readonly aim: number;
  readonly verdict: "aim met" | "met" | "missed" | "not measured";
}

/** The bounds hold for as many keys as this; of fewer nothing follows. */
const keysPromised = 5_000_000;
const growthPromised = [10_000, 10_000_000] as const;
const killsPromised = 30;

export function capacityTargets(result: CapacityResult | undefined): readonly CapacityTarget[] {
  const { options, memory, restarts = [] } = result ?? {};
  const isWhole = options !== undefined && options.keys >= keysPromised;
  return [
    target(
      "restart of one of three nodes, 5 M keys, to its first linearizable answer",
      "s",
      isWhole ? slowest(restarts, "one node") : undefined,
      3,
      1,
    ),
    target(
      "restart of all three at once, 5 M keys, to the first linearizable answer",
      "s",
      isWhole ? slowest(restarts, "all nodes") : undefined,
      3,
      1,
    ),
    target(
      "memory of a node without page cache, 5 M keys, idle and under 256 writers",
      "MiB",
      isWhole ? mostOf(memory) : undefined,
      350,
      200,
    ),
    target("CPU per put, 10^7 against 10^4 keys", "x", growthOf(result), 1.5, 1.15),
  ];
}

export function recoveryTarget(result: RecoveryResult | undefined): CapacityTarget {
  const leader = result?.outages.find(({ killed }) => killed === "leader");
  const enough = leader !== undefined && leader.outageMs.length >= killsPromised;
  const p99 = enough ? percentile(leader.outageMs, 0.99) / 1000 : undefined;
  return target("writes possible again after kill -9 of a leader, p99 of 30", "s", p99, 1.2, 0.7);
}

export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((left, right) => left - right);
  return sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)] ?? 0;
}

/** Whenever it was looked at. */
function mostOf(memory: Memory | undefined): number | undefined {
  if (memory === undefined) return undefined;
  return Math.max(memory.loadedMiB, memory.busyMiB, memory.idleMiB);
}

function slowest(restarts: readonly Restart[], killed: Restart["killed"]): number | undefined {
  const all = restarts.filter((restart) => restart.killed === killed);
  if (all.length === 0) return undefined;
  return Math.max(...all.map(({ answeredMs }) => answeredMs)) / 1000;
}

function growthOf(result: CapacityResult | undefined): number | undefined {
  const [few, many] = growthPromised.map(
    (keys) => result?.growth.find((cost) => cost.keys === keys)?.nodesCpuUs,
  );
  return few === undefined || many === undefined ? undefined : many / few;
}

function target(
  what: string,
  unit: CapacityTarget["unit"],
  value: number | undefined,
  atLeast: number,
  aim: number,
): CapacityTarget {
  const verdict =
    value === undefined
      ? "not measured"
      : value <= aim
        ? "aim met"
        : value <= atLeast
          ? "met"
          : "missed";
  return { what, unit, value, atLeast, aim, verdict };
}

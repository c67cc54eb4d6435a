/** Results as a run would have them, with the figures that a test is about. */
import type { Cell } from "../../bench/comparison/cell.ts";
import type { ContestantName } from "../../bench/comparison/contestant.ts";
import type {
  CellResult,
  ComparisonResult,
  Failed,
  Measurement,
} from "../../bench/comparison/results.ts";

export const put256: Cell = { workload: "put", valueBytes: 128, callers: 256 };

export function measurement(
  round: number,
  operationsPerSecond: number,
  more: Partial<Measurement> = {},
): Measurement {
  return {
    round,
    seconds: 8,
    operationsPerSecond,
    latencyUs: { p50: 1_000, p99: 5_000, p999: 9_000, max: 20_000 },
    cpuSecondsPerThousand: { servers: 0.02, client: 0.005 },
    anonymousMiB: 200,
    errors: {},
    conflictsPerOperation: 0,
    unfinished: 0,
    coresUsedByOthers: 0.1,
    ...more,
  };
}

export function cellResult(
  cell: Cell,
  measured: Partial<Record<ContestantName, readonly (Measurement | Failed)[]>>,
): CellResult {
  return { cell, measured };
}

export function comparisonResult(
  cells: readonly CellResult[],
  names: readonly ContestantName[] = ["synod", "etcd", "etcd-debian"],
): ComparisonResult {
  return {
    day: "2026-01-31",
    machine: {
      processor: "Some Processor",
      cores: 2,
      memoryGiB: 24,
      kernel: "6.1",
      fileSystem: "ext4",
      node: "v20.19.0",
    },
    options: {
      rounds: 3,
      brief: false,
      seconds: 8,
      warmUpSeconds: 3,
      keys: 1_000_000,
      spreadKeys: false,
      subscribers: 100,
      quick: false,
    },
    contestants: names.map((name) => ({
      name,
      version: `${name} 1.0`,
      durability: "fsync",
      client: "its own",
      connections: 1,
      loadSeconds: 1,
    })),
    skipped: [],
    cells,
  };
}

/** Which cells a run consists of. */
import type { Cell } from "./cell.ts";
import type { Workload } from "./task.ts";

const small = 128;
const large = 4096;
const everyNumber = [1, 64, 256, 1024];
/** In an open loop, the most operations that are under way; more wait, and their waiting is part of their latency. */
const openCallers = 1024;

export const fullPlan: readonly Cell[] = [
  ...closed("put", small, everyNumber),
  ...closed("get", small, everyNumber),
  ...closed("mix", small, [64, 256, 1024]),
  ...closed("cas", small, [1, 64]),
  ...closed("range", small, [1, 64, 256]),
  ...closed("watch", small, [1, 16]),
  ...open("put", [500, 2_000, 8_000, 24_000]),
  ...open("get", [500, 2_000, 8_000, 24_000]),
  ...closed("put", large, everyNumber),
  ...closed("get", large, everyNumber),
  ...closed("mix", large, [256]),
];

/** What the targets are about, and no more. */
export const quickPlan: readonly Cell[] = [
  ...closed("put", small, [1, 256]),
  ...closed("get", small, [256]),
];

/**
 * The larger values are written to fewer keys: a million of them would be twelve gigabytes on disk for each system.
 * They have numbers of their own, behind those of the small ones.
 */
export function keysOf(
  { valueBytes }: Pick<Cell, "valueBytes">,
  keys: number,
): { readonly firstKey: number; readonly keys: number } {
  if (valueBytes <= small) return { firstKey: 0, keys };
  return { firstKey: 50_000_000, keys: Math.max(1, Math.floor(keys / 10)) };
}

/** Sizes that have to be loaded before these cells are measured. */
export function sizesOf(cells: readonly Cell[]): readonly number[] {
  return [...new Set(cells.map(({ valueBytes }) => valueBytes))];
}

/** Words that name cells: workloads, `open` and `closed`, numbers of callers, sizes. */
export function wordsOf(cell: Cell): readonly string[] {
  const callers = cell.ratePerSecond === undefined ? [String(cell.callers)] : [];
  return [
    cell.workload,
    cell.ratePerSecond === undefined ? "closed" : "open",
    cell.valueBytes === small ? "128B" : "4KiB",
    ...callers,
  ];
}

/** A checkpoint is made every minute if not sooner; three of them, and some time before the first. */
const threeIntervalsSeconds = 190;
/** In which even a slow driver writes three tables of 24 MiB at these numbers of callers. */
const threeTablesSeconds = 30;

/**
 * How long a cell is measured where `--seconds` does not say: puts of small values as long as Synod needs for three
 * checkpoints. The lone caller's, which no other system has a reason for, is that long for Synod only.
 */
export function usualSeconds(cell: Cell, seconds: number, isSynod: boolean): number {
  const { workload, valueBytes, callers, ratePerSecond } = cell;
  if (workload !== "put" || valueBytes !== small || ratePerSecond !== undefined) return seconds;
  if (callers === 1) return isSynod ? Math.max(seconds, threeIntervalsSeconds) : seconds;
  return callers <= 256 ? Math.max(seconds, threeTablesSeconds) : seconds;
}

/** Of each kind of word (workload, loop, size, callers) a cell has to fit one, if there is one. */
export function chosenCells(cells: readonly Cell[], words: readonly string[]): readonly Cell[] {
  const kinds = [0, 1, 2, 3].map((at) => {
    const known = new Set(cells.map((cell) => wordsOf(cell)[at]));
    return words.filter((word) => known.has(word));
  });
  return cells.filter((cell) => {
    const own = wordsOf(cell);
    return kinds.every((wanted, at) => wanted.length === 0 || wanted.includes(own[at] ?? ""));
  });
}

function closed(workload: Workload, valueBytes: number, numbers: readonly number[]): Cell[] {
  return numbers.map((callers) => ({ workload, valueBytes, callers }));
}

function open(workload: Workload, rates: readonly number[]): Cell[] {
  return rates.map((ratePerSecond) => ({
    workload,
    valueBytes: small,
    callers: openCallers,
    ratePerSecond,
  }));
}

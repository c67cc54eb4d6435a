/** What is concluded from several rounds: medians, and ratios of what was measured within the same round. */
import type { ContestantName } from "./contestant.ts";
import { isMeasured, type CellResult, type Measurement } from "./results.ts";

/** Of an even number, the mean of the middle two; undefined of none. */
export function median(numbers: readonly number[]): number | undefined {
  if (numbers.length === 0) return undefined;
  const sorted = numbers.toSorted((left, right) => left - right);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? 0;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? 0) + upper) / 2;
}

export type Quantity = (measurement: Measurement) => number;

export const throughput: Quantity = ({ operationsPerSecond }) => operationsPerSecond;
export const p50: Quantity = ({ latencyUs }) => latencyUs.p50;

export function measurementsOf(
  { measured }: CellResult,
  name: ContestantName,
): readonly Measurement[] {
  return (measured[name] ?? []).filter(isMeasured);
}

export function medianOf(
  cell: CellResult,
  name: ContestantName,
  quantity: Quantity,
): number | undefined {
  return median(measurementsOf(cell, name).map(quantity));
}

/**
 * How many times as much the first has as the best of the others, in the median of the rounds. Within each round the best
 * is chosen anew. `best` says which end is good. Undefined where no round has both.
 */
export function ratioWithinRounds(
  cell: CellResult,
  name: ContestantName,
  others: readonly ContestantName[],
  quantity: Quantity,
  best: "most" | "least",
): number | undefined {
  const ratios = measurementsOf(cell, name).flatMap((measurement) => {
    const theirs = others
      .flatMap((other) => measurementsOf(cell, other))
      .filter(({ round }) => round === measurement.round)
      .map(quantity);
    if (theirs.length === 0) return [];
    const choose = best === "most" ? Math.max : Math.min;
    const against = choose(...theirs);
    return against === 0 ? [] : [quantity(measurement) / against];
  });
  return median(ratios);
}

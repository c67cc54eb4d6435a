/** How many operations of each kind were tried, and what became of them. */
import { operationKind } from "../../kv/commands/operation.ts";
import type { Recorded } from "../../sim/workload/history.ts";

export interface Counts {
  tried: number;
  acknowledged: number;
  /** Told that it was not executed. */
  failed: number;
  /** Nobody knows. */
  unknown: number;
}

export type KindCounts = Readonly<Record<string, Readonly<Counts>>>;

const names = new Map<number, string>(
  Object.entries(operationKind).map(([name, kind]) => [kind, name]),
);

export function countByKind(operations: readonly Recorded[]): KindCounts {
  const counts: Record<string, Counts> = {};
  for (const { operation, told } of operations) {
    const name = names.get(operation.kind) ?? String(operation.kind);
    counts[name] ??= { tried: 0, acknowledged: 0, failed: 0, unknown: 0 };
    const own = counts[name];
    own.tried += 1;
    if (told === undefined) own.unknown += 1;
    else if ("result" in told.answer) own.acknowledged += 1;
    else if (told.answer.outcome === "not executed") own.failed += 1;
    else own.unknown += 1;
  }
  return counts;
}

/** How often operations ended with which error, the most frequent first. */
export function countByError(operations: readonly Recorded[]): Readonly<Record<string, number>> {
  const counts = new Map<string, number>();
  for (const { told } of operations) {
    if (told === undefined || "result" in told.answer) continue;
    const { code } = told.answer;
    counts.set(code, (counts.get(code) ?? 0) + 1);
  }
  return Object.fromEntries([...counts].toSorted(([, left], [, right]) => right - left));
}

export function total(kinds: readonly KindCounts[]): Counts {
  const sum: Counts = { tried: 0, acknowledged: 0, failed: 0, unknown: 0 };
  for (const own of kinds.flatMap((counts) => Object.values(counts))) {
    sum.tried += own.tried;
    sum.acknowledged += own.acknowledged;
    sum.failed += own.failed;
    sum.unknown += own.unknown;
  }
  return sum;
}

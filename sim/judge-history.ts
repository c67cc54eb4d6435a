/**
 * The verdict on what clients were told, from that alone: for runs whose disks nobody can look into, too. Times are of
 * one clock.
 */
import { checkBank } from "./oracles/bank.ts";
import { checkConflicts } from "./oracles/conflicts.ts";
import { checkCounters } from "./oracles/counters.ts";
import { checkRegisters, type RegistersChecked } from "./oracles/every-register.ts";
import { checkPlaces } from "./oracles/places.ts";
import { checkRealTime, placedByGroup } from "./oracles/real-time.ts";
import type { Recorded } from "./workload/history.ts";

export interface HistoryChecked extends RegistersChecked {
  /** Answers that named their place in a log. */
  readonly placed: number;
  /** Counters that were nothing but counters. */
  readonly counters: number;
  /** How often all accounts of the bank were seen together. */
  readonly audits: number;
}

/** Throws a `Violation` when anything does not hold. */
export function judgeHistory(operations: readonly Recorded[]): HistoryChecked {
  const audits = checkBank(operations);
  const byGroup = placedByGroup(operations);
  for (const own of byGroup.values()) checkRealTime(own);
  checkPlaces(operations, byGroup);
  const placed = [...byGroup.values()].reduce((sum, { length }) => sum + length, 0);
  checkConflicts(operations);
  const counters = checkCounters(operations);
  return { ...checkRegisters(operations), placed, counters, audits };
}

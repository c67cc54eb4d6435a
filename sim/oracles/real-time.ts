/** Real time: whatever was told before an operation began lies at or before it in the log. */
import { operationKind } from "../../kv/commands/operation.ts";
import type { Place } from "../../client/core/call.ts";
import { Violation } from "../violation.ts";
import type { Recorded } from "../workload/history.ts";

/** Operations of one group. Those that name no place are passed over, and stale reads may lie where they like. */
export function checkRealTime(operations: readonly Recorded[]): void {
  const ended = operations
    .filter((recorded) => placeOf(recorded) !== undefined && !recorded.stale)
    .toSorted((left, right) => (left.told?.atMs ?? 0) - (right.told?.atMs ?? 0));
  const begun = ended.toSorted((left, right) => left.invokedMs - right.invokedMs);
  let latest = -1;
  let next = 0;
  for (const recorded of begun) {
    while (ended[next] !== undefined && (ended[next]?.told?.atMs ?? 0) < recorded.invokedMs) {
      const before = ended[next];
      if (before !== undefined) latest = Math.max(latest, orderOf(before));
      next += 1;
    }
    if (orderOf(recorded) < latest) {
      const text = `${recorded.client} at ${recorded.invokedMs} ms lies at ${orderOf(recorded)}, behind ${latest} that had ended before`;
      throw new Violation("the log's order is that of real time", text);
    }
  }
}

/** Where in a log the answer was decided, if it says so. */
export function placeOf({ told }: Recorded): Place | undefined {
  return told !== undefined && "place" in told.answer ? told.answer.place : undefined;
}

/** Those whose answers name their place. */
export function operationsByGroup(operations: readonly Recorded[]): Map<string, Recorded[]> {
  const groups = new Map<string, Recorded[]>();
  for (const recorded of operations) {
    const group = placeOf(recorded)?.group;
    if (group === undefined) continue;
    const own = groups.get(group) ?? [];
    own.push(recorded);
    groups.set(group, own);
  }
  return groups;
}

export function isRead({ operation }: Recorded): boolean {
  return operation.kind === operationKind.get || operation.kind === operationKind.range;
}

/** Writes by slot and frame, reads behind all frames of the slot they saw. */
export function orderOf(recorded: Recorded): number {
  const place = placeOf(recorded);
  if (place === undefined) return 0;
  return orderAt(place.slot, isRead(recorded) ? undefined : place.index);
}

/** Undefined index: behind all frames of the slot. */
export function orderAt(slot: number, index: number | undefined): number {
  return slot * 100_000 + (index ?? 99_999);
}

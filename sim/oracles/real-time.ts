/** Real time: whatever was told before an operation began lies at or before it in the log. */
import { operationKind } from "../../kv/commands/operation.ts";
import type { Place } from "../../client/core/call.ts";
import { Violation } from "../violation.ts";
import type { Recorded } from "../workload/history.ts";

/** An answer that named its place. */
export interface Placed {
  readonly recorded: Recorded;
  readonly place: Place;
  /** Of the place among those of its group. */
  readonly order: number;
  readonly invokedMs: number;
  readonly toldMs: number;
}

/** Of all operations whose answers name their place, by group and in the order of places. */
export function placedByGroup(operations: readonly Recorded[]): Map<string, Placed[]> {
  const groups = new Map<string, Placed[]>();
  for (const recorded of operations) {
    const place = placeOf(recorded);
    if (place === undefined) continue;
    const order = orderAt(place.slot, isRead(recorded) ? undefined : place.index);
    const { invokedMs, told } = recorded;
    const placed = { recorded, place, order, invokedMs, toldMs: told?.atMs ?? Infinity };
    const own = groups.get(place.group);
    if (own === undefined) groups.set(place.group, [placed]);
    else own.push(placed);
  }
  for (const own of groups.values()) own.sort((left, right) => left.order - right.order);
  return groups;
}

/** Operations of one group. Stale reads may lie where they like. */
export function checkRealTime(operations: readonly Placed[]): void {
  const ended = operations
    .filter(({ recorded }) => !recorded.stale)
    .toSorted((left, right) => left.toldMs - right.toldMs);
  const begun = ended.toSorted((left, right) => left.invokedMs - right.invokedMs);
  let latest = -1;
  let next = 0;
  for (const { recorded, order, invokedMs } of begun) {
    for (let before = ended[next]; before !== undefined; before = ended[next]) {
      if (before.toldMs >= invokedMs) break;
      latest = Math.max(latest, before.order);
      next += 1;
    }
    if (order < latest) {
      const text = `${recorded.client} at ${invokedMs} ms lies at ${order}, behind ${latest} that had ended before`;
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

/** Writes by slot and frame; without an index, as reads: behind all frames of the slot. */
export function orderAt(slot: number, index: number | undefined): number {
  return slot * 100_000 + (index ?? 99_999);
}

/**
 * Counters that nothing but increments touches hold the sum of the increments: of all that were acknowledged, of some
 * whose outcome is unknown, and of none that was said not to be executed.
 */
import { operationKind } from "../../kv/commands/operation.ts";
import type { InternalKey } from "../../kv/state-reader.ts";
import { Violation } from "../violation.ts";
import type { Recorded } from "../workload/history.ts";
import { factsOf } from "./facts.ts";

interface Increment {
  readonly delta: number;
  readonly invokedMs: number;
  /** Infinity: whether it was executed is not known. */
  readonly returnedMs: number;
}

/** The counter was seen with that value by somebody who asked at the one time and was told at the other. */
interface Sighting {
  readonly value: number;
  readonly invokedMs: number;
  readonly returnedMs: number;
  readonly client: string;
}

interface Counter {
  readonly increments: Increment[];
  readonly sightings: Sighting[];
}

/** How many counters were looked at. Stale reads prove nothing here. */
export function checkCounters(operations: readonly Recorded[]): number {
  const counters = countersOf(operations);
  for (const [key, counter] of counters) checkCounter(key, counter);
  return counters.size;
}

function countersOf(operations: readonly Recorded[]): ReadonlyMap<InternalKey, Counter> {
  const counters = new Map<InternalKey, Counter>();
  for (const recorded of operations) {
    for (const { key, delta } of incrementsOf(recorded)) {
      const counter = counters.get(key) ?? { increments: [], sightings: [] };
      counters.set(key, counter);
      const { told, invokedMs } = recorded;
      const isTold = told !== undefined && "result" in told.answer;
      const refused = told !== undefined && !isTold && isCertain(told.answer);
      if (refused) continue;
      const returnedMs = isTold ? told.atMs : Infinity;
      counter.increments.push({ delta, invokedMs, returnedMs });
    }
  }
  for (const { operation } of operations) forgetTouched(counters, operation);
  for (const recorded of operations) {
    if (recorded.stale || recorded.told === undefined) continue;
    const { client, invokedMs, told } = recorded;
    for (const { key, text = "0" } of factsOf(recorded)) {
      const sighting = { value: Number(text), invokedMs, returnedMs: told.atMs, client };
      counters.get(key)?.sightings.push(sighting);
    }
  }
  return counters;
}

function incrementsOf({ operation }: Recorded): readonly { key: InternalKey; delta: number }[] {
  if (operation.kind === operationKind.increment) return [operation];
  if (operation.kind !== operationKind.transaction) return [];
  return operation.operations.filter((part) => part.kind === operationKind.increment);
}

function isCertain(failure: object): boolean {
  return "outcome" in failure && failure.outcome === "not executed";
}

/** What is written or removed in another way is no sum. */
function forgetTouched(
  counters: Map<InternalKey, Counter>,
  operation: Recorded["operation"],
): void {
  if (operation.kind === operationKind.deleteRange) {
    const { start, end } = operation;
    for (const key of counters.keys()) {
      if (key >= start && (end === undefined || key < end)) counters.delete(key);
    }
    return;
  }
  const parts = operation.kind === operationKind.transaction ? operation.operations : [operation];
  for (const part of parts) {
    if (part.kind === operationKind.put || part.kind === operationKind.delete) {
      counters.delete(part.key);
    }
  }
}

function checkCounter(key: InternalKey, { increments, sightings }: Counter): void {
  const certain = increments.filter(({ returnedMs }) => returnedMs !== Infinity);
  const ended = new Sums(certain, ({ returnedMs }) => returnedMs);
  const begun = new Sums(increments, ({ invokedMs }) => invokedMs);
  for (const { value, invokedMs, returnedMs, client } of sightings) {
    const done = ended.before(invokedMs);
    const possible = begun.through(returnedMs);
    const min = done.up + possible.down;
    const max = possible.up + done.down;
    if (value >= min && value <= max) continue;
    const text = `${client} saw ${value} under ${JSON.stringify(key)} at ${returnedMs} ms, which must be between ${min} and ${max}`;
    throw new Violation("increments add up", text);
  }
}

/** Running sums over increments in the order of a time, those up apart from those down. */
class Sums {
  readonly #times: number[];
  readonly #up: number[] = [0];
  readonly #down: number[] = [0];

  constructor(increments: readonly Increment[], timeOf: (increment: Increment) => number) {
    const sorted = increments.toSorted((left, right) => timeOf(left) - timeOf(right));
    this.#times = sorted.map(timeOf);
    for (const { delta } of sorted) {
      this.#up.push((this.#up.at(-1) ?? 0) + Math.max(0, delta));
      this.#down.push((this.#down.at(-1) ?? 0) + Math.min(0, delta));
    }
  }

  before(timeMs: number): { readonly up: number; readonly down: number } {
    return this.#at((time) => time < timeMs);
  }

  through(timeMs: number): { readonly up: number; readonly down: number } {
    return this.#at((time) => time <= timeMs);
  }

  #at(isIn: (time: number) => boolean): { readonly up: number; readonly down: number } {
    let low = 0;
    let high = this.#times.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (isIn(this.#times[middle] ?? Infinity)) low = middle + 1;
      else high = middle;
    }
    return { up: this.#up[low] ?? 0, down: this.#down[low] ?? 0 };
  }
}

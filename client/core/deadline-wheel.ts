/**
 * When callers stop waiting. Almost every call ends long before its deadline, so adding and removing must cost next to
 * nothing: calls hang in lists, one for each tick of a wheel.
 */
import type { Call } from "./call.ts";

/** Slots of the wheel. A call that is due later than a full turn is passed over until its turn comes. */
const slotCount = 512;

export class DeadlineWheel {
  readonly #tickMs: number;
  /** The first call of each slot's list. */
  readonly #slots: (Call | undefined)[] = Array.from({ length: slotCount }, () => undefined);
  /** Every call due at or before this tick has been handed over. */
  #handledTick = -1;
  #size = 0;

  constructor(tickMs: number) {
    this.#tickMs = tickMs;
  }

  get size(): number {
    return this.#size;
  }

  add(call: Call): void {
    const slot = this.#slotOf(call);
    const first = this.#slots[slot];
    call.nextDue = first;
    if (first !== undefined) first.previousDue = call;
    this.#slots[slot] = call;
    this.#size++;
  }

  remove(call: Call): void {
    const { nextDue, previousDue } = call;
    if (nextDue !== undefined) nextDue.previousDue = previousDue;
    if (previousDue !== undefined) previousDue.nextDue = nextDue;
    else this.#slots[this.#slotOf(call)] = nextDue;
    call.nextDue = undefined;
    call.previousDue = undefined;
    this.#size--;
  }

  /** Calls whose deadline has passed, in the order in which they were issued within a tick; they stay in the wheel. */
  due(nowMs: number): Call[] {
    const tick = Math.floor(nowMs / this.#tickMs);
    const calls: Call[] = [];
    const first = Math.max(this.#handledTick + 1, tick - slotCount + 1);
    for (let at = first; at <= tick; at++) this.#collect(at % slotCount, nowMs, calls);
    this.#handledTick = tick;
    return calls;
  }

  /** Every call, whenever it is due. */
  all(): Call[] {
    const calls: Call[] = [];
    for (let slot = 0; slot < slotCount; slot++) this.#collect(slot, Infinity, calls);
    return calls;
  }

  #collect(slot: number, nowMs: number, into: Call[]): void {
    const found: Call[] = [];
    for (let call = this.#slots[slot]; call !== undefined; call = call.nextDue) {
      if (call.deadlineMs <= nowMs) found.push(call);
    }
    // Lists grow at their head.
    for (let at = found.length - 1; at >= 0; at--) into.push(found[at] as Call);
  }

  /** The tick by which the deadline has certainly passed. */
  #slotOf({ deadlineMs }: Call): number {
    return Math.ceil(deadlineMs / this.#tickMs) % slotCount;
  }
}

/** Calls that wait for something, first come, first served. A call that is settled meanwhile is passed over. */
import type { Call } from "./call.ts";

/** Settled calls that may lie in a queue before it is tidied up, unless they are fewer than the others. */
const settledMin = 64;

/** Taken calls that may lie in front, unless they are fewer than the others. */
const takenMin = 1_024;

export class CallQueue {
  #calls: Call[] = [];
  /** Calls before it have been taken. */
  #head = 0;
  /** Behind it, those that do not wait any more. */
  #settled = 0;

  /** Calls that still wait. */
  get count(): number {
    return this.#calls.length - this.#head - this.#settled;
  }

  /** Calls it still refers to. */
  get held(): number {
    return this.#calls.length;
  }

  get isEmpty(): boolean {
    return this.count === 0;
  }

  push(call: Call): void {
    call.queue = this;
    this.#calls.push(call);
  }

  /** Puts calls in front of all others, in their order. */
  pushFirst(calls: readonly Call[]): void {
    for (const call of calls) call.queue = this;
    this.#calls = [...calls, ...this.#calls.slice(this.#head)];
    this.#head = 0;
  }

  /** The first call, left where it is. */
  peek(): Call | undefined {
    for (;;) {
      const call = this.#calls[this.#head];
      if (call === undefined || !call.settled) return call;
      this.#settled--;
      this.#advance();
    }
  }

  take(): Call | undefined {
    const call = this.peek();
    if (call === undefined) return undefined;
    this.#advance();
    call.queue = undefined;
    return call;
  }

  takeAll(): Call[] {
    const taken: Call[] = [];
    for (let call = this.take(); call !== undefined; call = this.take()) taken.push(call);
    return taken;
  }

  /** A call in here was settled. */
  noteSettled(call: Call): void {
    call.queue = undefined;
    this.#settled++;
    if (this.#settled < settledMin || 2 * this.#settled < this.#calls.length - this.#head) return;
    this.#calls = this.#calls.slice(this.#head).filter(({ settled }) => !settled);
    this.#head = 0;
    this.#settled = 0;
  }

  /** What was taken must not be held on to while the queue never runs empty. */
  #advance(): void {
    this.#head++;
    const { length } = this.#calls;
    if (this.#head < length && (this.#head < takenMin || 2 * this.#head < length)) return;
    this.#calls = this.#calls.slice(this.#head);
    this.#head = 0;
  }
}

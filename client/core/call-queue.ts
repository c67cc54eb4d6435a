/** Calls that wait for something, first come, first served. A call that is settled meanwhile is passed over. */
import type { Call } from "./call.ts";

/** Settled calls that may lie in a queue before it is tidied up, unless they are fewer than the others. */
const settledMin = 64;

export class CallQueue {
  #calls: Call[] = [];
  /** Calls before it have been taken. */
  #head = 0;
  #settled = 0;
  /** What the waiting calls weigh together. */
  #weight = 0;

  get isEmpty(): boolean {
    return this.#calls.length - this.#head === this.#settled;
  }

  get weight(): number {
    return this.#weight;
  }

  push(call: Call): void {
    call.queue = this;
    this.#weight += call.weight;
    this.#calls.push(call);
  }

  /** Puts calls in front of all others, in their order. */
  pushFirst(calls: readonly Call[]): void {
    for (const call of calls) {
      call.queue = this;
      this.#weight += call.weight;
    }
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
    this.#weight -= call.weight;
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
    this.#weight -= call.weight;
    this.#settled++;
    if (this.#settled < settledMin || 2 * this.#settled < this.#calls.length - this.#head) return;
    this.#calls = this.#calls.slice(this.#head).filter(({ settled }) => !settled);
    this.#head = 0;
    this.#settled = 0;
  }

  #advance(): void {
    this.#head++;
    if (this.#head < this.#calls.length) return;
    this.#calls = [];
    this.#head = 0;
  }
}

/** When an operation of several steps has to be over. */
import type { Clock } from "../infra/clock/clock.ts";
import { TimeoutError } from "./errors.ts";
import { timeoutMsOf } from "./options.ts";

/** Nothing is sent any more when the time is over. */
export class Deadline {
  readonly #clock: Clock;
  readonly #timeoutMs: number;
  readonly #atMs: number;

  constructor(clock: Clock, timeoutMs: number) {
    this.#clock = clock;
    this.#timeoutMs = timeoutMsOf(timeoutMs);
    this.#atMs = clock.monotonicMs() + timeoutMs;
  }

  /** Throws `TimeoutError` when there is none. */
  leftMs(what: string): number {
    const leftMs = this.#atMs - this.#clock.monotonicMs();
    if (leftMs > 0) return Math.ceil(leftMs);
    const claim = `${what} was not carried on: ${this.#timeoutMs} ms are over`;
    throw new TimeoutError(claim, this.#timeoutMs, "not executed");
  }

  /** Whether there is time left after so long. */
  allows(pauseMs: number): boolean {
    return this.#clock.monotonicMs() + pauseMs < this.#atMs;
  }
}

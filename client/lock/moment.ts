/** A moment to count from, by whichever clock has gone further since. */
import type { Clock } from "../../infra/clock/clock.ts";

export class Moment {
  readonly #clock: Clock;
  readonly #monotonicMs: number;
  readonly #wallMs: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#monotonicMs = clock.monotonicMs();
    this.#wallMs = clock.wallMs();
  }

  /** The monotonic clock stands still while the machine is suspended, the wall clock may be set back: never both. */
  get elapsedMs(): number {
    const byMonotonic = this.#clock.monotonicMs() - this.#monotonicMs;
    return Math.max(byMonotonic, this.#clock.wallMs() - this.#wallMs);
  }
}

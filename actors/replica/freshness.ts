/** How fresh a replica's applied state is, by the leader's word. */
import type { Clock } from "../../infra/clock/clock.ts";

interface Heard {
  readonly commitIndex: number;
  readonly asOfMs: number;
}

export class Freshness {
  readonly #clock: Clock;
  /** Heartbeats whose commit index is not applied yet, oldest first. */
  #ahead: Heard[] = [];
  #asOfMs = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The leader held its lease at `asOfMs` and had committed through `commitIndex`. */
  note(commitIndex: number, asOfMs: number, appliedThrough: number): void {
    if (asOfMs > 0) this.#ahead.push({ commitIndex, asOfMs });
    this.advance(appliedThrough);
    // A replica that falls behind keeps the oldest: it is the next to become true.
    if (this.#ahead.length > 64) this.#ahead.splice(32, 1);
  }

  advance(appliedThrough: number): void {
    while (this.#ahead[0] !== undefined && this.#ahead[0].commitIndex <= appliedThrough) {
      this.#asOfMs = Math.max(this.#asOfMs, this.#ahead[0].asOfMs);
      this.#ahead.shift();
    }
  }

  /** The leader's time, in Unix milliseconds, as of which applied state was complete; 0 = not known. */
  get asOfMs(): number {
    return this.#asOfMs;
  }

  get ageMs(): number {
    return this.#asOfMs === 0 ? Infinity : Math.max(0, this.#clock.wallMs() - this.#asOfMs);
  }
}

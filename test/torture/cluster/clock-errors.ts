/** How wrong the clocks of a run's nodes were: what can be expected of the dates of stale reads depends on it. */
import type { ClockErrors } from "../../../sim/oracles/fresh-enough.ts";

export class ClockErrorsSeen {
  /** What all clocks of this machine said when those of recorded operations said 0. */
  readonly #startWallMs = Date.now() - performance.now();
  #aheadMs = 0;
  #behindMs = 0;

  /** Told whenever a clock was set: how far each of the nodes' is off. */
  note(errorsMs: readonly number[]): void {
    const [, second = 0] = errorsMs.toSorted((left, right) => right - left);
    this.#aheadMs = Math.max(this.#aheadMs, second);
    this.#behindMs = Math.max(this.#behindMs, -Math.min(...errorsMs));
  }

  get errors(): ClockErrors {
    return { startWallMs: this.#startWallMs, aheadMs: this.#aheadMs, behindMs: this.#behindMs };
  }
}

/** How long to pause before something that failed is tried again: longer each time, and never in step with others. */
import type { Randomness } from "../../infra/randomness/randomness.ts";
import type { ClientLimits } from "./limits.ts";

export class Backoff {
  readonly #randomness: Randomness;
  readonly #msMin: number;
  readonly #msMax: number;

  constructor(randomness: Randomness, limits: Pick<ClientLimits, "backoffMsMin" | "backoffMsMax">) {
    this.#randomness = randomness;
    this.#msMin = limits.backoffMsMin;
    this.#msMax = limits.backoffMsMax;
  }

  /** `failures` in a row, counted from 1. */
  delayMs(failures: number): number {
    const widest = Math.min(this.#msMax, this.#msMin * 2 ** Math.min(failures, 20));
    return this.#msMin + this.#randomness.fraction() * (widest - this.#msMin);
  }
}

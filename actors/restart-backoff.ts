/** Delays the restart of an actor that failed: longer each time, shorter again after it has run for a while. */
import type { Cancel, Clock } from "../infra/clock/clock.ts";

const firstMs = 100;
const longestMs = 10_000;
const calmMs = 30_000;

export class RestartBackoff {
  readonly #clock: Clock;
  #failures = 0;
  #lastMs = -Infinity;
  #cancel: Cancel | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  schedule(restart: () => void): void {
    const nowMs = this.#clock.monotonicMs();
    if (nowMs - this.#lastMs > calmMs) this.#failures = 0;
    this.#lastMs = nowMs;
    const delayMs = Math.min(longestMs, firstMs * 2 ** this.#failures);
    this.#failures += 1;
    this.#cancel?.();
    this.#cancel = this.#clock.after(delayMs, restart);
  }

  cancel(): void {
    this.#cancel?.();
  }
}

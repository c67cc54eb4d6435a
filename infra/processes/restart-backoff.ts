/** How long to wait before a program that ended by itself is started again. */

export interface BackoffSettings {
  readonly firstMs: number;
  readonly longestMs: number;
  /** A program that ran at least this long is taken to have been well: its next wait is the first again. */
  readonly resetAfterMs: number;
}

export const defaultBackoff: BackoffSettings = {
  firstMs: 100,
  longestMs: 5_000,
  resetAfterMs: 10_000,
};

/** Doubles the wait with every short run in a row. */
export class RestartBackoff {
  readonly #settings: BackoffSettings;
  /** The wait that follows the next short run; within `[firstMs, longestMs]`. */
  #nextMs: number;

  constructor(settings: BackoffSettings) {
    this.#settings = settings;
    this.#nextMs = settings.firstMs;
  }

  delayAfterRunOf(ranMs: number): number {
    if (ranMs >= this.#settings.resetAfterMs) this.#nextMs = this.#settings.firstMs;
    const delayMs = this.#nextMs;
    this.#nextMs = Math.min(delayMs * 2, this.#settings.longestMs);
    return delayMs;
  }
}

/** Since when nothing is wrong: no fault is at work, and no node has begun, ended, or said anything of itself. */

/** What a fault has left on its way has arrived by then: a slow message takes a second, and holds up those behind it. */
const settlingMs = 1_100;

export class Calm {
  #sinceMs: number | undefined;

  /** Tells one calm from the next; undefined while there is none. */
  get sinceMs(): number | undefined {
    return this.#sinceMs;
  }

  /** Everything is mended. */
  begin(nowMs: number): void {
    this.#sinceMs = nowMs;
  }

  end(): void {
    this.#sinceMs = undefined;
  }

  /** Something has happened that takes its time to be over. */
  disturb(nowMs: number): void {
    if (this.#sinceMs !== undefined) this.#sinceMs = nowMs;
  }

  isSettled(nowMs: number): boolean {
    return this.#sinceMs !== undefined && nowMs >= this.#sinceMs + settlingMs;
  }
}

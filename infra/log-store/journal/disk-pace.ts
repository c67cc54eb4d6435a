/**
 * Whether the disk answers so promptly that waiting for it costs less than being woken when it has. A write by another
 * thread wakes that thread first and this one afterwards, each of which takes about as long as a good disk takes for a
 * block. But whoever waits does nothing else, so after a long write others have to be prompt for a while: the longer it
 * took, the more of them.
 */

/** Of a write that was waited for. */
const promptMsMax = 0.5;
/** Of a write by another thread, which had to be woken, and so had this one. */
const promptBesideMsMax = 1;
/** So many prompt writes a long one demands for each of its milliseconds. */
const writesOwedPerMs = 8;
const writesOwedMax = 1_000;

export class DiskPace {
  /** So many more writes have to be prompt. */
  #owed = 16;

  get isPrompt(): boolean {
    return this.#owed === 0;
  }

  note(durationMs: number, waitedFor: boolean): void {
    if (durationMs > (waitedFor ? promptMsMax : promptBesideMsMax)) {
      const owed = Math.ceil(durationMs * writesOwedPerMs);
      this.#owed = Math.min(writesOwedMax, Math.max(this.#owed, owed));
    } else if (this.#owed > 0) {
      this.#owed -= 1;
    }
  }
}

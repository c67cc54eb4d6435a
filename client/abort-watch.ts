/** Abort signals that calls heed. A signal gets one listener however many calls share it: Node warns of more than ten. */

export class AbortWatch {
  readonly #watched = new Map<AbortSignal, Set<() => void>>();

  /** Calls back once when the signal fires, unless what is returned is called first. */
  heed(signal: AbortSignal, aborted: () => void): () => void {
    let waiting = this.#watched.get(signal);
    if (waiting === undefined) {
      waiting = new Set();
      this.#watched.set(signal, waiting);
      signal.addEventListener("abort", this.#fired);
    }
    waiting.add(aborted);
    return () => this.#release(signal, aborted);
  }

  #release(signal: AbortSignal, aborted: () => void): void {
    const waiting = this.#watched.get(signal);
    if (waiting === undefined) return;
    waiting.delete(aborted);
    if (waiting.size === 0) this.#forget(signal);
  }

  readonly #fired = ({ target }: Event): void => {
    const signal = target as AbortSignal;
    const waiting = this.#watched.get(signal);
    this.#forget(signal);
    for (const aborted of waiting ?? []) aborted();
  };

  #forget(signal: AbortSignal): void {
    this.#watched.delete(signal);
    signal.removeEventListener("abort", this.#fired);
  }
}

/** Whether the thread that writes may rest, as the main thread decides, who also ends a rest that has begun. */
export class Urgency {
  readonly shared: SharedArrayBuffer;
  /** 1 = what is written is waited for. */
  readonly #flag: Int32Array;

  constructor(shared = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT)) {
    this.shared = shared;
    this.#flag = new Int32Array(shared);
  }

  set(isUrgent: boolean): void {
    const before = Atomics.exchange(this.#flag, 0, isUrgent ? 1 : 0);
    if (isUrgent && before === 0) Atomics.notify(this.#flag, 0);
  }

  /**
   * Sleeps for so long, unless it is or becomes urgent; says whether it has. Not for a thread that has anything else to do.
   */
  rest(forMs: number): boolean {
    return Atomics.wait(this.#flag, 0, 0, forMs) === "timed-out";
  }
}

/**
 * Copies of values that are the caller's to keep. Small ones share memory: a buffer for each of them would cost more
 * than all else that a read does here. They share it in the pieces in which Node shares it among its own buffers, and
 * which it lets nobody transfer to another thread.
 */

/** Below half of what Node takes for its buffers at a time. Also the most that one kept value keeps from being freed, twice. */
const pieceBytes = 4_000;

const nothing = Buffer.alloc(0);

export class ValueCopies {
  /** What of which answer was copied last: its values are asked for one after the other. */
  #answer: WeakRef<object> | undefined;
  #start = 0;
  #end = 0;
  #copy = nothing;

  /**
   * A copy of `[start, end)`. `answer` is the same object as long as `source` has the same content; undefined = nothing
   * more of it will be asked for.
   */
  of(source: Uint8Array, start: number, end: number, answer: object | undefined): Uint8Array {
    const isThere = start >= this.#start && end <= this.#end && this.#answer?.deref() === answer;
    if (answer === undefined || !isThere) this.#take(source, start, end, answer);
    const { buffer, byteOffset } = this.#copy;
    // Never a Buffer, whose methods behave differently, wherever the message came from.
    return new Uint8Array(buffer, byteOffset + start - this.#start, end - start);
  }

  #take(source: Uint8Array, start: number, end: number, answer: object | undefined): void {
    const further = answer === undefined ? end : Math.min(source.length, start + pieceBytes);
    this.#start = start;
    this.#end = Math.max(end, further);
    this.#answer = answer === undefined ? undefined : new WeakRef(answer);
    this.#copy = Buffer.allocUnsafe(this.#end - start);
    this.#copy.set(source.subarray(start, this.#end));
  }
}

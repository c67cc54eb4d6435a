/** What waits for a watch's consumer, in the order in which it is handed over. */
import type { Revision } from "../../kv/revision.ts";
import { bytesOf, type WatchedChange } from "./watched-change.ts";

export interface Queued<Source> {
  readonly source: Source;
  readonly change: WatchedChange;
  /** Once this is taken, everything of its source up to this revision has been; undefined = that cannot be said. */
  readonly through: Revision | undefined;
}

/** Taken ones that may lie in front, unless they are fewer than the others. */
const takenMin = 1_024;

export class ChangeQueue<Source> {
  #queued: (Queued<Source> | undefined)[] = [];
  #head = 0;
  #bytes = 0;

  get count(): number {
    return this.#queued.length - this.#head;
  }

  get bytes(): number {
    return this.#bytes;
  }

  push(queued: Queued<Source>): void {
    this.#queued.push(queued);
    this.#bytes += bytesOf(queued.change);
  }

  take(): Queued<Source> | undefined {
    const taken = this.#queued[this.#head];
    if (taken === undefined) return undefined;
    this.#queued[this.#head] = undefined;
    this.#head++;
    this.#bytes -= bytesOf(taken.change);
    const { length } = this.#queued;
    if (this.#head === length || (this.#head >= takenMin && 2 * this.#head >= length)) {
      this.#queued = this.#queued.slice(this.#head);
      this.#head = 0;
    }
    return taken;
  }

  clear(): void {
    this.#queued = [];
    this.#head = 0;
    this.#bytes = 0;
  }
}

/** Where the leaves of an ordered table begin, in order, and which of them a key belongs to. */
import type { InternalKey } from "../state-reader.ts";
import { headOf, sharedLength } from "./key-head.ts";

export class LeafBounds {
  /** Of the key that `leafOf` was asked for last: about how much of its leaf lies before it, from 0 to 1; a guess. */
  share = 0;
  /** The lowest key each leaf may hold; the first leaf's is below every key. */
  readonly #lowest: InternalKey[] = [""];
  /** Of all lowest keys but the first, from behind what they and all keys between them begin with. */
  #heads = new Float64Array(64);
  #shared = 0;

  lowest(position: number): InternalKey {
    return this.#lowest[position] as InternalKey;
  }

  /** Where the leaf behind this one begins; undefined behind the last. */
  end(position: number): InternalKey | undefined {
    return this.#lowest[position + 1];
  }

  /** A leaf has been put in at this position, never the first. */
  insert(position: number, lowest: InternalKey): void {
    this.#lowest.splice(position, 0, lowest);
    const count = this.#lowest.length;
    if (count > this.#heads.length) this.#grow();
    this.#heads.copyWithin(position + 1, position, count - 1);
    const shared = sharedLength(this.lowest(1), this.lowest(count - 1));
    if (shared === this.#shared) {
      this.#heads[position] = headOf(lowest, shared);
      return;
    }
    this.#shared = shared;
    for (let at = 1; at < count; at++) this.#heads[at] = headOf(this.lowest(at), shared);
  }

  /** Position of the leaf in which `key` is, or would be. */
  leafOf(key: InternalKey): number {
    const last = this.#lowest.length - 1;
    this.share = 0.5;
    if (last > 0 && key < this.lowest(1)) return 0;
    // Most keys behind all others come in ascending order.
    this.share = 1;
    if (last === 0 || key >= this.lowest(last)) return last;
    // Only between these two do heads say what the order is.
    const heads = this.#heads;
    const head = headOf(key, this.#shared);
    let low = 1;
    let high = last;
    while (high - low > 1) {
      const middle = (low + high) >>> 1;
      const other = heads[middle] as number;
      if (other < head || (other === head && this.lowest(middle) <= key)) low = middle;
      else high = middle;
    }
    const lowest = heads[low] as number;
    const width = (heads[high] as number) - lowest;
    this.share = width > 0 ? (head - lowest) / width : 0.5;
    return low;
  }

  #grow(): void {
    const larger = new Float64Array(this.#heads.length * 2);
    larger.set(this.#heads);
    this.#heads = larger;
  }
}

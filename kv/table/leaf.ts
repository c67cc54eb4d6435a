/**
 * A short sorted run of keys of an ordered table, each given by the row of its newest version. Beside it stand the
 * keys' heads, from behind what all keys that may ever come into the leaf begin with.
 */
import type { InternalKey } from "../state-reader.ts";
import { headOf, sharedLength } from "./key-head.ts";
import type { Row, VersionColumns } from "./version-columns.ts";

/** Few enough to shift cheaply at an insertion, many enough to keep the list of leaves short. */
export const leafKeysMax = 128;

export class Leaf {
  count = 0;
  readonly #rows = new Int32Array(leafKeysMax);
  readonly #heads = new Float64Array(leafKeysMax);
  /** How many characters every key between the leaf's bounds begins with alike. */
  #shared = 0;

  row(at: number): Row {
    return this.#rows[at] as Row;
  }

  headOf(key: InternalKey): number {
    return headOf(key, this.#shared);
  }

  /** Position of the first key not below `key`, which lies between the leaf's bounds. */
  seek(columns: VersionColumns, key: InternalKey, head: number): number {
    const heads = this.#heads;
    let low = 0;
    let high = this.count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const other = heads[middle] as number;
      if (other < head || (other === head && columns.key(this.row(middle)) < key)) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  holds(columns: VersionColumns, at: number, key: InternalKey, head: number): boolean {
    return at < this.count && this.#heads[at] === head && columns.key(this.row(at)) === key;
  }

  insert(at: number, row: Row, head: number): void {
    const rows = this.#rows;
    const heads = this.#heads;
    for (let moved = this.count; moved > at; moved--) {
      rows[moved] = rows[moved - 1] as Row;
      heads[moved] = heads[moved - 1] as number;
    }
    rows[at] = row;
    heads[at] = head;
    this.count++;
  }

  replace(at: number, row: Row): void {
    this.#rows[at] = row;
  }

  /** Moves the rows from `at` on into a new leaf. The bounds of both have to be set then. */
  splitAt(at: number): Leaf {
    const right = new Leaf();
    right.#rows.set(this.#rows.subarray(at, this.count));
    right.#heads.set(this.#heads.subarray(at, this.count));
    right.#shared = this.#shared;
    right.count = this.count - at;
    this.count = at;
    return right;
  }

  /** No key below `start`, and none at or above `end`, is in the leaf or will be. */
  setBounds(columns: VersionColumns, start: InternalKey, end: InternalKey | undefined): void {
    const shared = end === undefined ? 0 : sharedLength(start, end);
    if (shared === this.#shared) return;
    this.#shared = shared;
    for (let at = 0; at < this.count; at++) {
      this.#heads[at] = this.headOf(columns.key(this.row(at)));
    }
  }
}

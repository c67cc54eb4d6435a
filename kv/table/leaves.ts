/**
 * The order of an ordered table's keys: short sorted runs of keys, each key given by the row of its newest version.
 * Beside the rows stand the keys' heads, from behind what all keys that may ever come into the leaf begin with. All
 * leaves lie in two arrays, so that a search goes from a leaf's number to its heads without following references.
 */
import type { InternalKey } from "../state-reader.ts";
import { headOf, sharedLength } from "./key-head.ts";
import { LeafBounds } from "./leaf-bounds.ts";
import { noRow, type Row, type VersionColumns } from "./version-columns.ts";

/** Few enough to shift cheaply at an insertion, many enough to keep the list of leaves short. */
export const leafKeysMax = 128;
const leavesAtFirst = 4;
/** Heads serve as long as no more than a sixteenth of the keys in a leaf share theirs with the key before. */
const alikeShift = 4;
/** How far from where a key should be its surroundings are looked at first. */
const firstStep = 4;
/** So few keys are moved up sooner than the engine's own copy is called. */
const loopMovesMax = 24;

export class Leaves {
  /** Leaves in use. Only the first is ever empty. */
  count = 1;
  readonly #columns: VersionColumns;
  readonly #bounds = new LeafBounds();
  /** Which part of the arrays each leaf has, in the order of their keys. */
  #parts = new Int32Array(leavesAtFirst);
  /** By part: how many keys it holds, and how many characters every key between its leaf's bounds begins with alike. */
  #sizes = new Int32Array(leavesAtFirst);
  #shared = new Int32Array(leavesAtFirst);
  #rows = new Int32Array(leavesAtFirst * leafKeysMax);
  #heads = new Float64Array(leavesAtFirst * leafKeysMax);
  /** Where the last key that `find` was asked for is, or would be: its leaf, its place in the arrays, its head. */
  #leaf = 0;
  #place = 0;
  #head = 0;

  constructor(columns: VersionColumns) {
    this.#columns = columns;
  }

  /** How many keys the leaf at a position holds. */
  size(leaf: number): number {
    return this.#sizes[this.#part(leaf)] as number;
  }

  row(leaf: number, at: number): Row {
    return this.#rows[this.#part(leaf) * leafKeysMax + at] as Row;
  }

  /** Position of the leaf in which `key` is, or would be. */
  leafOf(key: InternalKey): number {
    return this.#bounds.leafOf(key);
  }

  /** Position in the leaf, in which `key` is or would be, of the first key not below it. */
  seek(leaf: number, key: InternalKey): number {
    const part = this.#part(leaf);
    const head = headOf(key, this.#shared[part] as number);
    return this.#seek(part, key, head, 0.5) - part * leafKeysMax;
  }

  /** The row of the key; `noRow` when it is not here. Until the next change `insert` or `replace` act on its place. */
  find(key: InternalKey): Row {
    const leaf = this.leafOf(key);
    const part = this.#part(leaf);
    const head = headOf(key, this.#shared[part] as number);
    const place = this.#seek(part, key, head, this.#bounds.share);
    this.#leaf = leaf;
    this.#place = place;
    this.#head = head;
    if (place === part * leafKeysMax + (this.#sizes[part] as number)) return noRow;
    if (this.#heads[place] !== head) return noRow;
    const row = this.#rows[place] as Row;
    return this.#columns.key(row) === key ? row : noRow;
  }

  /** Puts in the row of the key `find` was asked for last and did not find. */
  insert(row: Row): void {
    const rows = this.#rows;
    const heads = this.#heads;
    const place = this.#place;
    const part = this.#part(this.#leaf);
    const size = this.#sizes[part] as number;
    const end = part * leafKeysMax + size;
    if (end - place > loopMovesMax) {
      rows.copyWithin(place + 1, place, end);
      heads.copyWithin(place + 1, place, end);
    } else {
      for (let moved = end; moved > place; moved--) {
        rows[moved] = rows[moved - 1] as Row;
        heads[moved] = heads[moved - 1] as number;
      }
    }
    rows[place] = row;
    heads[place] = this.#head;
    this.#sizes[part] = size + 1;
    if (size + 1 === leafKeysMax) {
      this.#split(this.#leaf, part, place === part * leafKeysMax + leafKeysMax - 1);
    }
  }

  /** Puts another row in the place of the one that `find` found last. */
  replace(row: Row): void {
    this.#rows[this.#place] = row;
  }

  #part(leaf: number): number {
    return this.#parts[leaf] as number;
  }

  /**
   * Place of the first key of a part that is not below `key`. The search begins where the key would be if keys were spread
   * evenly, and widens from there: what is far away in memory is waited for, and so it mostly is one place.
   */
  #seek(part: number, key: InternalKey, head: number, share: number): number {
    const size = this.#sizes[part] as number;
    let low = part * leafKeysMax;
    let high = low + size;
    if (size === 0) return low;
    let middle = low + Math.min(size - 1, Math.floor(share * size));
    let step = firstStep;
    if (this.#isBelow(middle, key, head)) {
      low = middle + 1;
      for (middle = low + step; middle < high; middle = low + step) {
        if (!this.#isBelow(middle, key, head)) {
          high = middle;
          break;
        }
        low = middle + 1;
        step *= 2;
      }
    } else {
      high = middle;
      for (middle = high - step; middle >= low; middle = high - step) {
        if (this.#isBelow(middle, key, head)) {
          low = middle + 1;
          break;
        }
        high = middle;
        step *= 2;
      }
    }
    while (low < high) {
      middle = (low + high) >>> 1;
      if (this.#isBelow(middle, key, head)) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Whether the key at a place is below `key`. */
  #isBelow(place: number, key: InternalKey, head: number): boolean {
    const other = this.#heads[place] as number;
    return other < head || (other === head && this.#keyAt(place) < key);
  }

  #keyAt(place: number): InternalKey {
    return this.#columns.key(this.#rows[place] as Row);
  }

  /** Keys that arrive in order leave full leaves behind; all others leave halves. */
  #split(leaf: number, part: number, ascending: boolean): void {
    const end = this.#bounds.end(leaf);
    const kept = ascending && end === undefined ? leafKeysMax - 1 : leafKeysMax >>> 1;
    if (this.count === this.#parts.length) this.#grow();
    const right = this.count;
    const from = part * leafKeysMax + kept;
    const to = right * leafKeysMax;
    this.#rows.copyWithin(to, from, from + leafKeysMax - kept);
    this.#heads.copyWithin(to, from, from + leafKeysMax - kept);
    this.#sizes[right] = leafKeysMax - kept;
    this.#sizes[part] = kept;
    this.#shared[right] = this.#shared[part] as number;
    const middle = this.#keyAt(to);
    this.#setBounds(part, this.#bounds.lowest(leaf), middle);
    this.#setBounds(right, middle, end);
    this.#parts.copyWithin(leaf + 2, leaf + 1, this.count);
    this.#parts[leaf + 1] = right;
    this.count += 1;
    this.#bounds.insert(leaf + 1, middle);
  }

  /**
   * No key below `start`, and none at or above `end`, is in the part or will be. Its keys may begin with more bytes alike
   * now; heads that tell them apart as they are stay, since to make others means to look at all the keys.
   */
  #setBounds(part: number, start: InternalKey, end: InternalKey | undefined): void {
    const shared = end === undefined ? 0 : sharedLength(start, end);
    if (shared === this.#shared[part] || this.#areTold(part)) return;
    this.#shared[part] = shared;
    const first = part * leafKeysMax;
    for (let place = first; place < first + (this.#sizes[part] as number); place++) {
      this.#heads[place] = headOf(this.#keyAt(place), shared);
    }
  }

  /** Whether nearly all neighbours in a part have different heads. */
  #areTold(part: number): boolean {
    const heads = this.#heads;
    const first = part * leafKeysMax;
    const size = this.#sizes[part] as number;
    let alike = 0;
    for (let place = first + 1; place < first + size; place++) {
      if (heads[place] === heads[place - 1]) alike += 1;
    }
    return alike <= size >>> alikeShift;
  }

  #grow(): void {
    const leaves = 2 * this.#parts.length;
    this.#parts = grown(new Int32Array(leaves), this.#parts);
    this.#sizes = grown(new Int32Array(leaves), this.#sizes);
    this.#shared = grown(new Int32Array(leaves), this.#shared);
    this.#rows = grown(new Int32Array(leaves * leafKeysMax), this.#rows);
    this.#heads = grown(new Float64Array(leaves * leafKeysMax), this.#heads);
  }
}

function grown<Column extends Float64Array | Int32Array>(larger: Column, full: Column): Column {
  larger.set(full);
  return larger;
}

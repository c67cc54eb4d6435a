/**
 * One key space's versions that are not checkpointed yet, always in key order. Keys are only ever added: what is
 * deleted is a tombstone, and after its checkpoint the whole table is dropped. Searching the order is also the
 * point lookup; a hash table beside it cost more at every put than it saved at any get (bench/micro/kv-table.ts).
 */
import { invariant } from "../../machines/invariant.ts";
import type { Revision } from "../revision.ts";
import type { Cell, InternalKey } from "../state-reader.ts";
import type { Version, VersionKind } from "../version.ts";
import { TableCursor } from "./table-cursor.ts";
import { noRow, VersionColumns, type Row } from "./version-columns.ts";

/** Keys of a leaf: few enough to shift cheaply at an insertion, many enough to keep the list of leaves short. */
const leafKeysMax = 128;

/** What a version and a key cost beside their bytes: columns, string header and place in a leaf. */
const versionOverheadBytes = 48;
const keyOverheadBytes = 40;

export class OrderedTable {
  readonly columns: VersionColumns;
  /** Approximate memory of keys, values and bookkeeping. */
  bytes = 0;
  readonly #keepsHistory: boolean;
  /** Rows of each key's newest version, by key. No leaf but the first is ever empty. */
  readonly #leaves: Leaf[] = [new Leaf()];
  /** The lowest key each leaf may hold; the first leaf's is below every key. */
  readonly #lowest: InternalKey[] = [""];

  constructor(keepsHistory: boolean, rowsAtFirst: number) {
    this.#keepsHistory = keepsHistory;
    this.columns = new VersionColumns(rowsAtFirst);
  }

  get leafCount(): number {
    return this.#leaves.length;
  }

  leaf(position: number): Leaf {
    return this.#leaves[position] as Leaf;
  }

  /** Adds a version above all others of its key. */
  put(
    key: InternalKey,
    revision: Revision,
    kind: VersionKind,
    expiresAt: Revision,
    source: Uint8Array,
    start: number,
    end: number,
  ): void {
    const columns = this.columns;
    const position = this.leafOf(key);
    const leaf = this.leaf(position);
    const head = leaf.headOf(key);
    const at = leaf.seek(columns, key, head);
    this.bytes += end - start + versionOverheadBytes;
    if (!leaf.holds(columns, at, key, head)) {
      this.bytes += key.length + keyOverheadBytes;
      const row = columns.add(key, revision, kind, expiresAt, source, start, end, noRow);
      leaf.insert(at, row, head);
      if (leaf.count === leafKeysMax) this.#split(position, at === leafKeysMax - 1);
      return;
    }
    const current = leaf.row(at);
    invariant(columns.revision(current) < revision, "a key's revisions only rise", { revision });
    const older = this.#keepsHistory ? current : noRow;
    // The key already held is kept and the new string let go: a hot key costs its bytes once.
    const held = columns.key(current);
    leaf.replace(at, columns.add(held, revision, kind, expiresAt, source, start, end, older));
  }

  find(key: InternalKey, atOrBelow: Revision): Version | undefined {
    const leaf = this.leaf(this.leafOf(key));
    const head = leaf.headOf(key);
    const at = leaf.seek(this.columns, key, head);
    if (!leaf.holds(this.columns, at, key, head)) return undefined;
    const row = this.columns.atOrBelow(leaf.row(at), atOrBelow);
    return row === noRow ? undefined : this.columns.version(row);
  }

  /** A cursor over the keys in `[start, end)`. It must not be used any more once the table has changed. */
  cursor(start: InternalKey, end: InternalKey | undefined, reverse: boolean): TableCursor {
    return new TableCursor(this, start, end, reverse);
  }

  /** All versions, by key ascending and newest first within a key. */
  *cells(): Generator<Cell> {
    const columns = this.columns;
    for (const leaf of this.#leaves) {
      for (let at = 0; at < leaf.count; at++) {
        for (let row = leaf.row(at); row !== noRow; row = columns.older(row)) {
          yield { key: columns.key(row), version: columns.version(row) };
        }
      }
    }
  }

  /** Position of the leaf in which `key` is, or would be. */
  leafOf(key: InternalKey): number {
    const lowest = this.#lowest;
    let low = 0;
    let high = lowest.length;
    while (high - low > 1) {
      const middle = (low + high) >>> 1;
      if ((lowest[middle] as InternalKey) <= key) low = middle;
      else high = middle;
    }
    return low;
  }

  /** Position in `leaf`, in which `key` is or would be, of the first key not below it. */
  seek(leaf: Leaf, key: InternalKey): number {
    return leaf.seek(this.columns, key, leaf.headOf(key));
  }

  /** Keys that arrive in order leave full leaves behind; all others leave halves. */
  #split(position: number, ascending: boolean): void {
    const leaf = this.leaf(position);
    const end = this.#lowest[position + 1];
    const at = ascending && end === undefined ? leafKeysMax - 1 : leafKeysMax >>> 1;
    const middle = this.columns.key(leaf.row(at));
    const right = leaf.splitAt(at);
    leaf.setBounds(this.columns, this.#lowest[position] as InternalKey, middle);
    right.setBounds(this.columns, middle, end);
    this.#leaves.splice(position + 1, 0, right);
    this.#lowest.splice(position + 1, 0, middle);
  }
}

/** Characters of a key that make its head: as many bytes as a number holds exactly. */
const headLength = 6;

/**
 * A short sorted run of keys, each given by the row of its newest version. Beside it stand the keys' heads: a few of
 * their bytes, as a number, from behind what all keys that may ever come into the leaf begin with. Searching them
 * finds the place without following a reference per step, and the keys themselves are asked only where heads are
 * equal: in a table larger than the processor's caches that is most of what a put costs.
 */
class Leaf {
  count = 0;
  readonly #rows = new Int32Array(leafKeysMax);
  readonly #heads = new Float64Array(leafKeysMax);
  /** How many characters every key between the leaf's bounds begins with alike. */
  #shared = 0;

  row(at: number): Row {
    return this.#rows[at] as Row;
  }

  /** Never higher than the head of a higher key. */
  headOf(key: InternalKey): number {
    const from = this.#shared;
    if (key.length < from + headLength) return headOfShort(key, from);
    const high =
      (key.charCodeAt(from) << 16) | (key.charCodeAt(from + 1) << 8) | key.charCodeAt(from + 2);
    const low =
      (key.charCodeAt(from + 3) << 16) | (key.charCodeAt(from + 4) << 8) | key.charCodeAt(from + 5);
    return high * 0x100_0000 + low;
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

/** A key that ends early counts as if zero bytes followed: keys that differ only there are compared themselves. */
function headOfShort(key: InternalKey, from: number): number {
  let head = 0;
  for (let at = from; at < from + headLength; at++) {
    head = head * 256 + (at < key.length ? key.charCodeAt(at) : 0);
  }
  return head;
}

function sharedLength(left: InternalKey, right: InternalKey): number {
  const length = Math.min(left.length, right.length);
  let shared = 0;
  while (shared < length && left.charCodeAt(shared) === right.charCodeAt(shared)) shared++;
  return shared;
}

export type { Leaf };

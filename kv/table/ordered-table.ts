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
    const at = this.seek(leaf, key);
    this.bytes += end - start + versionOverheadBytes;
    const current = at < leaf.count ? leaf.row(at) : noRow;
    if (current === noRow || columns.key(current) !== key) {
      this.bytes += key.length + keyOverheadBytes;
      leaf.insert(at, columns.add(key, revision, kind, expiresAt, source, start, end, noRow));
      if (leaf.count === leafKeysMax) this.#split(position, at === leafKeysMax - 1);
      return;
    }
    invariant(columns.revision(current) < revision, "a key's revisions only rise", { revision });
    const older = this.#keepsHistory ? current : noRow;
    // The key already held is kept and the new string let go: a hot key costs its bytes once.
    const held = columns.key(current);
    leaf.replace(at, columns.add(held, revision, kind, expiresAt, source, start, end, older));
  }

  find(key: InternalKey, atOrBelow: Revision): Version | undefined {
    const leaf = this.leaf(this.leafOf(key));
    const at = this.seek(leaf, key);
    if (at === leaf.count || this.columns.key(leaf.row(at)) !== key) return undefined;
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

  /** Position in `leaf` of the first key not below `key`. */
  seek(leaf: Leaf, key: InternalKey): number {
    const columns = this.columns;
    let low = 0;
    let high = leaf.count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (columns.key(leaf.row(middle)) < key) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Keys that arrive in order leave full leaves behind; all others leave halves. */
  #split(position: number, ascending: boolean): void {
    const leaf = this.leaf(position);
    const last = position === this.#leaves.length - 1;
    const right = leaf.splitAt(ascending && last ? leafKeysMax - 1 : leafKeysMax >>> 1);
    this.#leaves.splice(position + 1, 0, right);
    this.#lowest.splice(position + 1, 0, this.columns.key(right.row(0)));
  }
}

/** A short sorted run of keys, each given by the row of its newest version. */
class Leaf {
  count = 0;
  readonly #rows = new Int32Array(leafKeysMax);

  row(at: number): Row {
    return this.#rows[at] as Row;
  }

  insert(at: number, row: Row): void {
    const rows = this.#rows;
    for (let moved = this.count; moved > at; moved--) rows[moved] = rows[moved - 1] as Row;
    rows[at] = row;
    this.count++;
  }

  replace(at: number, row: Row): void {
    this.#rows[at] = row;
  }

  /** Moves the rows from `at` on into a new leaf. */
  splitAt(at: number): Leaf {
    const right = new Leaf();
    right.#rows.set(this.#rows.subarray(at, this.count));
    right.count = this.count - at;
    this.count = at;
    return right;
  }
}

export type { Leaf };

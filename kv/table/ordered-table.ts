/**
 * One key space's versions that are not checkpointed yet, always in key order. Keys are only ever added: what is
 * deleted is a tombstone, and after its checkpoint the whole table is dropped. Searching the order is also the
 * point lookup; a hash table beside it cost more at every put than it saved at any get (bench/micro/kv-table.ts).
 */
import { invariant } from "../../machines/invariant.ts";
import type { Revision } from "../revision.ts";
import type { HistoryRange, InternalKey } from "../state-reader.ts";
import type { Version, VersionKind } from "../version.ts";
import { Leaf, leafKeysMax } from "./leaf.ts";
import { LeafBounds } from "./leaf-bounds.ts";
import type { LayerHistory } from "../state/history-cursor.ts";
import { TableCells } from "./table-cells.ts";
import { TableCursor } from "./table-cursor.ts";
import { historyOf } from "./table-history.ts";
import { noRow, VersionColumns } from "./version-columns.ts";

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
  readonly #bounds = new LeafBounds();

  constructor(keepsHistory: boolean, rowsAtFirst: number) {
    this.#keepsHistory = keepsHistory;
    this.columns = new VersionColumns(rowsAtFirst);
  }

  /** Of all versions; 0 while there is none. Only meaningful where revisions never fall from one put to the next. */
  get newestRevision(): Revision {
    const { count } = this.columns;
    return count === 0 ? 0 : this.columns.revision(count - 1);
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

  /** Every version the range asks for. It must not be used any more once the table has changed. */
  history(range: HistoryRange): LayerHistory {
    return historyOf(this, range);
  }

  /** All versions, by key ascending and newest first within a key. The table must not change meanwhile. */
  cells(): TableCells {
    return new TableCells(this);
  }

  /** Position of the leaf in which `key` is, or would be. */
  leafOf(key: InternalKey): number {
    return this.#bounds.leafOf(key);
  }

  /** Position in `leaf`, in which `key` is or would be, of the first key not below it. */
  seek(leaf: Leaf, key: InternalKey): number {
    return leaf.seek(this.columns, key, leaf.headOf(key));
  }

  /** Keys that arrive in order leave full leaves behind; all others leave halves. */
  #split(position: number, ascending: boolean): void {
    const leaf = this.leaf(position);
    const end = this.#bounds.end(position);
    const at = ascending && end === undefined ? leafKeysMax - 1 : leafKeysMax >>> 1;
    const middle = this.columns.key(leaf.row(at));
    const right = leaf.splitAt(at);
    leaf.setBounds(this.columns, this.#bounds.lowest(position), middle);
    right.setBounds(this.columns, middle, end);
    this.#leaves.splice(position + 1, 0, right);
    this.#bounds.insert(position + 1, middle);
  }
}

/** Walks the keys of an ordered table, either way. */
import type { Revision } from "../revision.ts";
import type { InternalKey } from "../state-reader.ts";
import type { LayerCursor } from "../state/layer-cursor.ts";
import type { Version } from "../version.ts";
import type { OrderedTable } from "./ordered-table.ts";
import { noRow, type Row } from "./version-columns.ts";

export class TableCursor implements LayerCursor {
  key: InternalKey | undefined;
  readonly #table: OrderedTable;
  readonly #reverse: boolean;
  readonly #start: InternalKey;
  readonly #end: InternalKey | undefined;
  #leaf: number;
  /** Position in the leaf; -1 or the leaf's count when the walk has to go on in the next leaf. */
  #at: number;

  constructor(
    table: OrderedTable,
    start: InternalKey,
    end: InternalKey | undefined,
    reverse: boolean,
  ) {
    this.#table = table;
    this.#reverse = reverse;
    this.#start = start;
    this.#end = end;
    if (!reverse) {
      this.#leaf = table.leafOf(start);
      this.#at = table.seek(table.leaf(this.#leaf), start);
    } else {
      this.#leaf = end === undefined ? table.leafCount - 1 : table.leafOf(end);
      const leaf = table.leaf(this.#leaf);
      this.#at = (end === undefined ? leaf.count : table.seek(leaf, end)) - 1;
    }
    this.#settle();
  }

  advance(): void {
    this.#at += this.#reverse ? -1 : 1;
    this.#settle();
  }

  /** The row of the newest version of the key. */
  get row(): Row {
    return this.#table.leaf(this.#leaf).row(this.#at);
  }

  version(atOrBelow: Revision): Version | undefined {
    const columns = this.#table.columns;
    const row = columns.atOrBelow(this.row, atOrBelow);
    return row === noRow ? undefined : columns.version(row);
  }

  /** Steps into the neighbouring leaf where needed, and ends the walk at the range's bound. */
  #settle(): void {
    const table = this.#table;
    if (this.#reverse) {
      while (this.#at < 0 && this.#leaf > 0) this.#at = table.leaf(--this.#leaf).count - 1;
    } else {
      while (this.#at >= table.leaf(this.#leaf).count && this.#leaf < table.leafCount - 1) {
        this.#leaf++;
        this.#at = 0;
      }
    }
    const leaf = table.leaf(this.#leaf);
    if (this.#at < 0 || this.#at >= leaf.count) {
      this.key = undefined;
      return;
    }
    const key = table.columns.key(leaf.row(this.#at));
    const past = this.#reverse ? key < this.#start : this.#end !== undefined && key >= this.#end;
    this.key = past ? undefined : key;
  }
}

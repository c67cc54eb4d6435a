/** Walks the keys of an ordered table, either way. */
import type { Revision } from "../revision.ts";
import type { InternalKey } from "../state-reader.ts";
import type { LayerCursor } from "../state/layer-cursor.ts";
import type { Version } from "../version.ts";
import type { OrderedTable } from "./ordered-table.ts";
import type { Leaves } from "./leaves.ts";
import { noRow, type Row, type VersionColumns } from "./version-columns.ts";

export class TableCursor implements LayerCursor {
  key: InternalKey | undefined;
  readonly #columns: VersionColumns;
  readonly #leaves: Leaves;
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
    const { columns, leaves } = table;
    this.#columns = columns;
    this.#leaves = leaves;
    this.#reverse = reverse;
    this.#start = start;
    this.#end = end;
    if (!reverse) {
      this.#leaf = leaves.leafOf(start);
      this.#at = leaves.seek(this.#leaf, start);
    } else {
      this.#leaf = end === undefined ? leaves.count - 1 : leaves.leafOf(end);
      const behind = end === undefined ? leaves.size(this.#leaf) : leaves.seek(this.#leaf, end);
      this.#at = behind - 1;
    }
    this.#settle();
  }

  advance(): void {
    this.#at += this.#reverse ? -1 : 1;
    this.#settle();
  }

  /** The row of the newest version of the key. */
  get row(): Row {
    return this.#leaves.row(this.#leaf, this.#at);
  }

  version(atOrBelow: Revision): Version | undefined {
    const columns = this.#columns;
    const row = columns.atOrBelow(this.row, atOrBelow);
    return row === noRow ? undefined : columns.version(row);
  }

  /** Steps into the neighbouring leaf where needed, and ends the walk at the range's bound. */
  #settle(): void {
    const leaves = this.#leaves;
    if (this.#reverse) {
      while (this.#at < 0 && this.#leaf > 0) this.#at = leaves.size(--this.#leaf) - 1;
    } else {
      while (this.#at >= leaves.size(this.#leaf) && this.#leaf < leaves.count - 1) {
        this.#leaf++;
        this.#at = 0;
      }
    }
    if (this.#at < 0 || this.#at >= leaves.size(this.#leaf)) {
      this.key = undefined;
      return;
    }
    const key = this.#columns.key(this.row);
    const past = this.#reverse ? key < this.#start : this.#end !== undefined && key >= this.#end;
    this.key = past ? undefined : key;
  }
}

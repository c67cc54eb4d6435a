/** Walks all versions of an ordered table that does not change any more, by key and newest first within a key. */
import type { CutCell, CutCells } from "../checkpoint.ts";
import { ShownCell } from "../state/shown-cell.ts";
import type { OrderedTable } from "./ordered-table.ts";
import { noRow, type Row } from "./version-columns.ts";

/** Rows whose bytes are read ahead of the walk at a time. Small enough that the nearest cache still has them. */
const rowsAhead = 32;

export class TableCells implements CutCells {
  readonly #table: OrderedTable;
  readonly #shown = new ShownCell();
  /** The key that comes next: its leaf, and its position there. */
  #leaf = 0;
  #at = 0;
  /** The version that comes next before that. */
  #older: Row = noRow;
  /** Means nothing: a sum that nobody kept would not be made, and nothing read for it. */
  touched = 0;

  constructor(table: OrderedTable) {
    this.#table = table;
  }

  next(): CutCell | undefined {
    const { columns } = this.#table;
    let row = this.#older;
    if (row === noRow) row = this.#nextKey();
    if (row === noRow) return undefined;
    this.#older = columns.older(row);
    columns.show(row, this.#shown);
    return this.#shown;
  }

  /** The row of the next key's newest version. */
  #nextKey(): Row {
    const { leaves } = this.#table;
    while (this.#at === leaves.size(this.#leaf)) {
      if (this.#leaf === leaves.count - 1) return noRow;
      this.#leaf += 1;
      this.#at = 0;
    }
    if (this.#at % rowsAhead === 0) this.#readAhead();
    return leaves.row(this.#leaf, this.#at++);
  }

  /**
   * Rows, keys and values of neighbours lie anywhere in memory. In a loop that does nothing else the processor fetches
   * many of them at once; met one by one, each would be waited for.
   */
  #readAhead(): void {
    const { columns, leaves } = this.#table;
    const end = Math.min(leaves.size(this.#leaf), this.#at + rowsAhead);
    let sum = 0;
    for (let at = this.#at; at < end; at++) {
      sum = (sum + columns.touch(leaves.row(this.#leaf, at))) | 0;
    }
    this.touched = sum;
  }
}

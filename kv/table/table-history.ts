/**
 * The versions of an ordered table that lie between two revisions. Rows are in the order of their revisions, so what
 * changed is found without looking at what did not: a few changes are sorted by key, many are met by walking the keys.
 */
import { sortedChangesMax } from "../limits.ts";
import { newest } from "../revision.ts";
import type { HistoryRange, InternalKey } from "../state-reader.ts";
import type { LayerHistory } from "../state/history-cursor.ts";
import type { Version } from "../version.ts";
import type { OrderedTable } from "./ordered-table.ts";
import type { TableCursor } from "./table-cursor.ts";
import { noRow, type Row, type VersionColumns } from "./version-columns.ts";

export function historyOf(table: OrderedTable, range: HistoryRange): LayerHistory {
  const { columns } = table;
  const first = columns.countAtOrBelow(range.since);
  const behind = range.until === newest ? columns.count : columns.countAtOrBelow(range.until);
  if (behind - first > sortedChangesMax) return new WalkedHistory(table, range);
  return new SortedHistory(columns, changedRows(columns, first, behind, range));
}

function changedRows(
  columns: VersionColumns,
  first: Row,
  behind: Row,
  { start, end, below }: HistoryRange,
): Row[] {
  const rows: Row[] = [];
  for (let row = first; row < behind; row++) {
    const key = columns.key(row);
    if (key < start || (end !== undefined && key >= end)) continue;
    if (key === start && columns.revision(row) >= below) continue;
    rows.push(row);
  }
  return rows.sort((left, right) => {
    const leftKey = columns.key(left);
    const rightKey = columns.key(right);
    return leftKey < rightKey ? -1 : leftKey > rightKey ? 1 : right - left;
  });
}

class SortedHistory implements LayerHistory {
  readonly #columns: VersionColumns;
  /** By key, newest first within a key. */
  readonly #rows: readonly Row[];
  #at = 0;
  key: InternalKey | undefined;

  constructor(columns: VersionColumns, rows: readonly Row[]) {
    this.#columns = columns;
    this.#rows = rows;
    this.key = this.#keyAt();
  }

  nextVersion(): Version | undefined {
    if (this.key === undefined || this.#keyAt() !== this.key) return undefined;
    return this.#columns.version(this.#rows[this.#at++] as Row);
  }

  advance(): void {
    const left = this.key;
    while (this.#at < this.#rows.length && this.#keyAt() === left) this.#at++;
    this.key = this.#keyAt();
  }

  #keyAt(): InternalKey | undefined {
    const row = this.#rows[this.#at];
    return row === undefined ? undefined : this.#columns.key(row);
  }
}

class WalkedHistory implements LayerHistory {
  readonly #columns: VersionColumns;
  readonly #keys: TableCursor;
  readonly #range: HistoryRange;
  /** The row of the version that comes next. */
  #row: Row = noRow;

  constructor(table: OrderedTable, range: HistoryRange) {
    this.#columns = table.columns;
    this.#keys = table.cursor(range.start, range.end, false);
    this.#range = range;
    this.#arrive();
  }

  get key(): InternalKey | undefined {
    return this.#keys.key;
  }

  nextVersion(): Version | undefined {
    const row = this.#row;
    if (row === noRow || this.#columns.revision(row) <= this.#range.since) return undefined;
    this.#row = this.#columns.older(row);
    return this.#columns.version(row);
  }

  advance(): void {
    this.#keys.advance();
    this.#arrive();
  }

  #arrive(): void {
    const { start, below, until } = this.#range;
    const { key } = this.#keys;
    if (key === undefined) return;
    const highest = key === start ? Math.min(until, below - 1) : until;
    this.#row = this.#columns.atOrBelow(this.#keys.row, highest);
  }
}

/**
 * One key space's versions that are not checkpointed yet, always in key order. Keys are only ever added: what is
 * deleted is a tombstone, and after its checkpoint the whole table is dropped. Searching the order is also the
 * point lookup; a hash table beside it cost more at every put than it saved at any get (bench/micro/kv-table.ts).
 */
import { invariant } from "../../machines/invariant.ts";
import type { Revision } from "../revision.ts";
import type { HistoryRange, InternalKey } from "../state-reader.ts";
import type { Version, VersionKind } from "../version.ts";
import { Leaves } from "./leaves.ts";
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
  readonly leaves: Leaves;

  constructor(keepsHistory: boolean, rowsAtFirst: number) {
    this.#keepsHistory = keepsHistory;
    this.columns = new VersionColumns(rowsAtFirst);
    this.leaves = new Leaves(this.columns);
  }

  /** Of all versions; 0 while there is none. Only meaningful where revisions never fall from one put to the next. */
  get newestRevision(): Revision {
    const { count } = this.columns;
    return count === 0 ? 0 : this.columns.revision(count - 1);
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
    const { columns, leaves } = this;
    this.bytes += end - start + versionOverheadBytes;
    const current = leaves.find(key);
    if (current === noRow) {
      this.bytes += key.length + keyOverheadBytes;
      leaves.insert(columns.add(key, revision, kind, expiresAt, source, start, end, noRow));
      return;
    }
    invariant(columns.revision(current) < revision, "a key's revisions only rise", { revision });
    const older = this.#keepsHistory ? current : noRow;
    // The key already held is kept and the new string let go: a hot key costs its bytes once.
    const held = columns.key(current);
    leaves.replace(columns.add(held, revision, kind, expiresAt, source, start, end, older));
  }

  find(key: InternalKey, atOrBelow: Revision): Version | undefined {
    const found = this.leaves.find(key);
    if (found === noRow) return undefined;
    const row = this.columns.atOrBelow(found, atOrBelow);
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
}

/**
 * One key space as three layers, newest first: the table that takes writes, the frozen table on its way into a
 * checkpoint, and the checkpoint. Answers are the same wherever a version happens to lie.
 */
import { invariant } from "../../machines/invariant.ts";
import type { CutCells } from "../checkpoint.ts";
import { newest, type Revision } from "../revision.ts";
import { keepsHistory, type InternalKey } from "../state-reader.ts";
import type { HistoryRange, Space, StateReader } from "../state-reader.ts";
import { OrderedTable } from "../table/ordered-table.ts";
import { tombstoneReason, versionKind, type TombstoneReason, type Version } from "../version.ts";
import { CheckpointHistory, HistoryCursor, type LayerHistory } from "./history-cursor.ts";
import { CheckpointCursor, type LayerCursor } from "./layer-cursor.ts";
import { MergedCursor } from "./merged-cursor.ts";

const noBytes = new Uint8Array(0);
const rowsAtFirst = 256;

export class LayeredSpace {
  readonly #space: Space;
  readonly #checkpoint: StateReader;
  #active: OrderedTable;
  /** Holds nothing newer than any version of the active table for the same key. */
  #frozen: OrderedTable | undefined;

  constructor(space: Space, checkpoint: StateReader) {
    this.#space = space;
    this.#checkpoint = checkpoint;
    this.#active = new OrderedTable(keepsHistory(space), rowsAtFirst);
  }

  /** Approximate memory of what is not checkpointed yet. */
  get bytes(): number {
    return this.#active.bytes + (this.#frozen?.bytes ?? 0);
  }

  put(
    key: InternalKey,
    revision: Revision,
    expiresAt: Revision,
    source: Uint8Array,
    start: number,
    end: number,
  ): void {
    this.#active.put(key, revision, versionKind.put, expiresAt, source, start, end);
  }

  bury(
    key: InternalKey,
    revision: Revision,
    reason: TombstoneReason = tombstoneReason.deleted,
  ): void {
    this.#active.put(key, revision, versionKind.tombstone, reason, noBytes, 0, 0);
  }

  /** The newest version at or below the revision, tombstones included. `lent` as in `StateReader`. */
  find(key: InternalKey, atOrBelow: Revision, lent = false): Version | undefined {
    return (
      this.#active.find(key, atOrBelow) ??
      this.#frozen?.find(key, atOrBelow) ??
      this.#checkpoint.find(this.#space, key, atOrBelow, lent)
    );
  }

  /** The version of a key that exists now; undefined when it is absent or deleted. */
  live(key: InternalKey): Version | undefined {
    const version = this.find(key, newest);
    return version?.kind === versionKind.put ? version : undefined;
  }

  scan(
    start: InternalKey,
    end: InternalKey | undefined,
    reverse: boolean,
    atOrBelow: Revision,
  ): MergedCursor {
    const layers: LayerCursor[] = [this.#active.cursor(start, end, reverse)];
    if (this.#frozen !== undefined) layers.push(this.#frozen.cursor(start, end, reverse));
    layers.push(new CheckpointCursor(this.#checkpoint.scan(this.#space, start, end, reverse)));
    return new MergedCursor(layers, atOrBelow, reverse);
  }

  /** Every version the range asks for. Layers that hold nothing new enough are left alone. */
  history(range: HistoryRange): HistoryCursor {
    const layers: LayerHistory[] = [];
    for (const table of [this.#active, this.#frozen]) {
      if (table !== undefined && table.newestRevision > range.since) {
        layers.push(table.history(range));
      }
    }
    layers.push(new CheckpointHistory(this.#checkpoint.history(this.#space, range)));
    return new HistoryCursor(layers, range);
  }

  freeze(): void {
    invariant(this.#frozen === undefined, "one table is frozen at a time");
    this.#frozen = this.#active;
    // The next table is about to be as large: starting at that size saves growing through all the sizes below.
    const rows = Math.max(rowsAtFirst, this.#frozen.columns.count);
    this.#active = new OrderedTable(keepsHistory(this.#space), rows);
  }

  /** The frozen table's cells in order. */
  frozenCells(): CutCells {
    invariant(this.#frozen !== undefined, "a cut's cells are read while its table is frozen");
    return this.#frozen.cells();
  }

  /** Lets go of the frozen table: the checkpoint holds it now. */
  thaw(): void {
    this.#frozen = undefined;
  }
}

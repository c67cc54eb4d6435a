/**
 * The versions of a key range between two revisions, over all runs of a group: what is read is what changed, as far as
 * runs tell. A run whose versions are all too old or too new is not opened, and of a key only what is wanted is walked.
 */
import type { Cell, CellCursor, HistoryRange, InternalKey, Space } from "../../kv/state-reader.ts";
import type { RunDevice } from "./block-device.ts";
import { readVersion, type ValueKeeper } from "./cell-format.ts";
import { CursorHeap } from "./cursor-heap.ts";
import { RunCursor } from "./run-cursor.ts";
import type { Run } from "./run.ts";
import { SearchKey } from "./stored-key.ts";

export class RunsHistory implements CellCursor {
  /** Newest first: each cursor's age is its run's place here. */
  readonly #runs: readonly Run[];
  readonly #heap: CursorHeap;
  /** The first key that is too far. */
  readonly #bound = new SearchKey();
  readonly #since: number;
  readonly #values: ValueKeeper;
  #lastKey: InternalKey = "";

  constructor(
    device: RunDevice,
    runs: readonly Run[],
    from: Space,
    range: HistoryRange,
    values: ValueKeeper,
  ) {
    this.#values = values;
    this.#since = range.since;
    this.#runs = runs.filter(
      ({ descriptor }) =>
        descriptor.maxRevision > range.since && descriptor.minRevision <= range.until,
    );
    const first = new SearchKey();
    first.set(from, range.start);
    if (range.end === undefined) this.#bound.setBehind(from);
    else this.#bound.set(from, range.end);
    const cursors = this.#runs.map((run, age) => {
      const cursor = new RunCursor(device, run.descriptor, age);
      cursor.toKey(run, first, range.below - 1);
      return cursor;
    });
    this.#heap = new CursorHeap(cursors, false);
  }

  next(): Cell | undefined {
    for (;;) {
      const top = this.#heap.top;
      if (top === undefined) return undefined;
      if (this.#bound.compareWith(top.view, top.keyStart, top.keyEnd) >= 0) return undefined;
      if (top.revision <= this.#since) {
        this.#heap.skipKeyOfTop(this.#runs);
        continue;
      }
      const key = top.keyText;
      this.#lastKey = key;
      const version = readVersion(top.bytes, top.view, top.cell, this.#values);
      this.#heap.advance();
      return { key, version };
    }
  }

  nextKey(): Cell | undefined {
    const left = this.#lastKey;
    for (;;) {
      const cell = this.next();
      if (cell === undefined || cell.key !== left) return cell;
      this.#heap.skipKey(left, this.#runs);
    }
  }
}

/** The cells of a key range over all runs of a group. */
import {
  keepsHistory,
  type Cell,
  type CellCursor,
  type InternalKey,
  type Space,
} from "../../kv/state-reader.ts";
import type { RunDevice } from "./block-device.ts";
import { readVersion, type ValueKeeper } from "./cell-format.ts";
import { CursorHeap } from "./cursor-heap.ts";
import { RunCursor } from "./run-cursor.ts";
import type { Run } from "./run.ts";
import { SearchKey } from "./stored-key.ts";

export interface KeyRange {
  readonly from: Space;
  readonly start: InternalKey;
  /** Undefined: the end of the space. */
  readonly end: InternalKey | undefined;
}

export class RangeCursor implements CellCursor {
  /** Newest first: each cursor's age is its run's place here. */
  readonly #runs: readonly Run[];
  readonly #heap: CursorHeap;
  /** Forward: the first key that is too far. In reverse: the last key that is not. */
  readonly #bound = new SearchKey();
  readonly #reverse: boolean;
  readonly #newestOnly: boolean;
  readonly #values: ValueKeeper;
  #lastKey: InternalKey | undefined;

  constructor(
    device: RunDevice,
    runs: readonly Run[],
    range: KeyRange,
    reverse: boolean,
    values: ValueKeeper,
  ) {
    this.#runs = runs;
    this.#values = values;
    this.#reverse = reverse;
    this.#newestOnly = !keepsHistory(range.from);
    const first = new SearchKey();
    const end = new SearchKey();
    first.set(range.from, range.start);
    if (range.end === undefined) end.setBehind(range.from);
    else end.set(range.from, range.end);
    this.#bound = reverse ? first : end;
    const cursors = runs.map((run, age) => {
      const cursor = new RunCursor(device, run.descriptor, age);
      if (reverse) cursor.toKeyBefore(run, end);
      else cursor.toKey(run, first);
      return cursor;
    });
    this.#heap = new CursorHeap(cursors, reverse);
  }

  next(): Cell | undefined {
    for (;;) {
      const top = this.#heap.top;
      if (top === undefined) return undefined;
      const beyond = this.#bound.compareWith(top.view, top.keyStart, top.keyEnd);
      if (this.#reverse ? beyond < 0 : beyond >= 0) return undefined;
      const key = top.keyText;
      if (this.#newestOnly && key === this.#lastKey) {
        this.#heap.advance();
        continue;
      }
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
      // Most keys have one version in a run. From the second on it is searched for the next key, where that can be done.
      if (!this.#reverse) this.#heap.skipKey(left, this.#runs);
    }
  }
}

/** Feeds the cells of several consecutive runs, as one sorted stream, into the run that replaces them. */
import type { Space } from "../../kv/state-reader.ts";
import type { Revision } from "../../kv/revision.ts";
import type { RunDevice, RunId } from "./block-device.ts";
import { kindOf } from "./cell-format.ts";
import { CursorHeap } from "./cursor-heap.ts";
import type { RunBuilder } from "./run-builder.ts";
import { RunCursor } from "./run-cursor.ts";
import type { CellFeed } from "./run-writer.ts";
import type { RunDescriptor } from "./run.ts";
import { SearchKey } from "./stored-key.ts";
import { VersionSieve } from "./version-sieve.ts";

/** What is to be merged. Crosses threads as it is. */
export interface MergePlan {
  readonly output: RunId;
  /** Consecutive, newest first. */
  readonly inputs: readonly RunDescriptor[];
  readonly containsOldest: boolean;
  readonly watermark: Revision;
}

/** A few milliseconds of merging; of large values about one chunk, so that a checkpoint's chunks get their turn. */
const cellsPerStep = 6000;
const bytesPerStep = 512 * 1024;

export class MergeFeed implements CellFeed {
  readonly #heap: CursorHeap;
  readonly #sieve: VersionSieve;
  readonly #lastKey = new SearchKey();
  #begun = false;

  constructor(device: RunDevice, plan: MergePlan) {
    const cursors = plan.inputs.map((run, age) => {
      const cursor = new RunCursor(device, run, age);
      cursor.toFirst();
      return cursor;
    });
    this.#heap = new CursorHeap(cursors, false);
    this.#sieve = new VersionSieve(plan.watermark, plan.containsOldest);
  }

  feedSome(builder: RunBuilder): boolean {
    let bytes = 0;
    for (let count = 0; count < cellsPerStep && bytes < bytesPerStep; count += 1) {
      const top = this.#heap.top;
      if (top === undefined) return false;
      bytes += top.cellEnd - top.cell;
      this.#add(builder, top);
      this.#heap.advance();
    }
    return true;
  }

  #add(builder: RunBuilder, top: RunCursor): void {
    const { view, cell, keyStart, keyEnd } = top;
    const newKey = !this.#begun || this.#lastKey.compareWith(view, keyStart, keyEnd) !== 0;
    if (newKey) {
      this.#begun = true;
      this.#lastKey.copy(view, keyStart, keyEnd);
    }
    const of = view.getUint8(keyStart) as Space;
    // A sieve that drops a key's newest version drops all of them, so a kept new key is new to the builder.
    if (this.#sieve.keeps(newKey, of, top.revision, kindOf(view, cell))) {
      builder.addFrom(newKey, top);
    }
  }
}

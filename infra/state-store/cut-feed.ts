/** Feeds a frozen table's cells, space by space, into the run that becomes its checkpoint. */
import type { CutCell, CutCells } from "../../kv/checkpoint.ts";
import { keepsHistory, space, type Space } from "../../kv/state-reader.ts";
import { invariant } from "../../machines/invariant.ts";
import { keyBytesMax } from "./cell-format.ts";
import type { RunBuilder } from "./run-builder.ts";
import type { CellFeed } from "./run-writer.ts";
import type { CheckpointCut } from "./state-store.ts";
import { VersionSieve } from "./version-sieve.ts";

/** About a millisecond of packing; large values end a step earlier. */
const cellsPerStep = 1500;
const valueBytesPerStep = 512 * 1024;

export class CutFeed implements CellFeed {
  /** Bytes of keys and values in the spaces that keep history. */
  historyBytes = 0;
  readonly #cut: CheckpointCut;
  readonly #sieve: VersionSieve;
  readonly #spaces: Iterator<Space> = Object.values(space).values();
  #space: Space = space.data;
  #cells: CutCells | undefined;
  #lastKey: string | undefined;

  /** `oldest`: the group has no run yet. */
  constructor(cut: CheckpointCut, oldest: boolean) {
    this.#cut = cut;
    this.#sieve = new VersionSieve(cut.watermark, oldest);
    this.#toNextSpace();
  }

  feedSome(builder: RunBuilder): boolean {
    let bytes = 0;
    for (let count = 0; count < cellsPerStep && bytes < valueBytesPerStep; count += 1) {
      if (this.#cells === undefined) return false;
      const cell = this.#cells.next();
      if (cell === undefined) this.#toNextSpace();
      else bytes += this.#add(builder, cell);
    }
    return true;
  }

  #toNextSpace(): void {
    const next = this.#spaces.next();
    this.#cells = next.done === true ? undefined : this.#cut.cells(next.value);
    if (next.done !== true) this.#space = next.value;
    this.#lastKey = undefined;
  }

  #add(builder: RunBuilder, cell: CutCell): number {
    const { key, revision, kind } = cell;
    const after = this.#lastKey;
    const newKey = key !== after;
    if (key.length >= keyBytesMax) invariant(false, "a key fits its length field", { key });
    this.#lastKey = key;
    if (!this.#sieve.keeps(newKey, this.#space, revision, kind)) return 0;
    const opensBlock = builder.add(newKey, this.#space, cell);
    // Within a block the builder has compared the bytes, which is quicker.
    if (opensBlock && newKey && after !== undefined) {
      invariant(after < key, "a cut's cells come in order", { space: this.#space, after, key });
    }
    const bytes = key.length + cell.end - cell.start;
    if (keepsHistory(this.#space)) this.historyBytes += bytes;
    return bytes;
  }
}

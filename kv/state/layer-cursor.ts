/** One layer's keys in order, as the merge of layers walks them. */
import type { Revision } from "../revision.ts";
import type { Cell, CellCursor, InternalKey } from "../state-reader.ts";
import type { Version } from "../version.ts";

export interface LayerCursor {
  /** The key the cursor stands on; undefined behind the last one. */
  readonly key: InternalKey | undefined;
  advance(): void;
  /** This layer's newest version of the key at or below the revision. Asked at most once per key. */
  version(atOrBelow: Revision): Version | undefined;
}

/** The checkpoint as a layer: its cursor yields every version, this one steps from key to key. */
export class CheckpointCursor implements LayerCursor {
  key: InternalKey | undefined;
  readonly #cells: CellCursor;
  #cell: Cell | undefined;

  constructor(cells: CellCursor) {
    this.#cells = cells;
    this.#cell = cells.next();
    this.key = this.#cell?.key;
  }

  advance(): void {
    if (this.#cell !== undefined && this.#cell.key === this.key) this.#cell = this.#cells.nextKey();
    this.key = this.#cell?.key;
  }

  version(atOrBelow: Revision): Version | undefined {
    while (this.#cell !== undefined && this.#cell.key === this.key) {
      if (this.#cell.version.revision <= atOrBelow) return this.#cell.version;
      this.#cell = this.#cells.next();
    }
    return undefined;
  }
}

/**
 * Walks all versions of all keys of a space's layers, by key and newest first within a key. It is read within one
 * turn, before anything is written.
 */
import type { Cell, CellCursor, HistoryRange, InternalKey } from "../state-reader.ts";
import { newest, type Revision } from "../revision.ts";
import type { Version } from "../version.ts";

/** One layer's keys in order, and the versions of each; some that nobody asked for may be among them. */
export interface LayerHistory {
  /** The key it stands on; undefined behind the last one. */
  readonly key: InternalKey | undefined;
  /** The key's next older version in this layer; undefined when no wanted one is left. */
  nextVersion(): Version | undefined;
  /** Goes on to the next key. */
  advance(): void;
}

export class CheckpointHistory implements LayerHistory {
  key: InternalKey | undefined;
  readonly #cells: CellCursor;
  #cell: Cell | undefined;

  constructor(cells: CellCursor) {
    this.#cells = cells;
    this.#cell = cells.next();
    this.key = this.#cell?.key;
  }

  nextVersion(): Version | undefined {
    const cell = this.#cell;
    if (cell === undefined || cell.key !== this.key) return undefined;
    this.#cell = this.#cells.next();
    return cell.version;
  }

  advance(): void {
    if (this.#cell !== undefined && this.#cell.key === this.key) this.#cell = this.#cells.nextKey();
    this.key = this.#cell?.key;
  }
}

export class HistoryCursor {
  /** The key the last step came to. */
  key: InternalKey = "";
  /** The version the last step came to; undefined where the key has none above `since`. */
  version: Version | undefined;
  /** Newest layer first. */
  readonly #layers: readonly LayerHistory[];
  readonly #range: HistoryRange;
  /** The layer whose versions of the key come next; behind the last one when the key is done. */
  #layer: number;
  /** Of the key only versions below it are still to come. */
  #below: Revision = newest;

  constructor(layers: readonly LayerHistory[], range: HistoryRange) {
    this.#layers = layers;
    this.#range = range;
    this.#layer = layers.length;
  }

  /** Goes to the key's next older version, or else to the next key and its newest; false at the end. */
  next(): boolean {
    this.version = this.#olderVersion();
    return this.version !== undefined || this.#nextKey();
  }

  /** The versions of the key that are left are not wanted. */
  skipKey(): void {
    this.#layer = this.#layers.length;
  }

  #nextKey(): boolean {
    for (const layer of this.#layers) if (layer.key === this.key) layer.advance();
    const key = this.#nearestKey();
    if (key === undefined) return false;
    this.key = key;
    this.#layer = 0;
    this.#below = key === this.#range.start ? this.#range.below : newest;
    this.version = this.#olderVersion();
    return true;
  }

  #olderVersion(): Version | undefined {
    const { since } = this.#range;
    for (; this.#layer < this.#layers.length; this.#layer++) {
      const layer = this.#layers[this.#layer] as LayerHistory;
      if (layer.key !== this.key) continue;
      let version = layer.nextVersion();
      // Between a checkpoint's switch and the end of its table both hold the same versions.
      while (version !== undefined && version.revision >= this.#below)
        version = layer.nextVersion();
      if (version === undefined) continue;
      if (version.revision <= since) {
        this.skipKey();
        return undefined;
      }
      this.#below = version.revision;
      return version;
    }
    return undefined;
  }

  #nearestKey(): InternalKey | undefined {
    let nearest: InternalKey | undefined;
    for (const { key } of this.#layers) {
      if (key !== undefined && (nearest === undefined || key < nearest)) nearest = key;
    }
    return nearest;
  }
}

/**
 * Walks the keys of all layers of a space at once, either way, and shows each key as it was at one revision.
 * It is read within one turn, before anything is written.
 */
import type { Revision } from "../revision.ts";
import type { InternalKey } from "../state-reader.ts";
import { versionKind, type Version } from "../version.ts";
import type { LayerCursor } from "./layer-cursor.ts";

export class MergedCursor {
  /** The key the last step came to. */
  key: InternalKey = "";
  /** Its newest version at or below the revision, which may be a tombstone; undefined = it has none so old. */
  version: Version | undefined;
  /** Newest layer first. */
  readonly #layers: readonly LayerCursor[];
  readonly #atOrBelow: Revision;
  readonly #reverse: boolean;

  constructor(layers: readonly LayerCursor[], atOrBelow: Revision, reverse: boolean) {
    this.#layers = layers;
    this.#atOrBelow = atOrBelow;
    this.#reverse = reverse;
  }

  /** Goes to the next key; false at the end. */
  next(): boolean {
    const key = this.#nearestKey();
    if (key === undefined) return false;
    this.key = key;
    this.version = undefined;
    for (const layer of this.#layers) {
      if (layer.key !== key) continue;
      // A layer above holds only newer versions, so the first one found is the newest of all.
      this.version ??= layer.version(this.#atOrBelow);
      layer.advance();
    }
    return true;
  }

  /** The key's version where the key exists; undefined for a key that is absent or a tombstone. */
  get live(): Version | undefined {
    return this.version?.kind === versionKind.put ? this.version : undefined;
  }

  /**
   * Whether the key counts as part of the replicated state: it exists, or was removed above the watermark. Older
   * tombstones may or may not still be there, so nothing that is decided while applying depends on them.
   */
  matters(watermark: Revision): boolean {
    if (this.version === undefined) return false;
    return this.version.kind === versionKind.put || this.version.revision > watermark;
  }

  #nearestKey(): InternalKey | undefined {
    let nearest: InternalKey | undefined;
    for (const { key } of this.#layers) {
      if (key === undefined) continue;
      if (nearest === undefined || (this.#reverse ? key > nearest : key < nearest)) nearest = key;
    }
    return nearest;
  }
}

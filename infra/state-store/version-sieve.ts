/**
 * Which versions a run being written keeps. It sees the versions of one key after the other, newest first;
 * what it drops can never be read again.
 */
import type { Revision } from "../../kv/revision.ts";
import { keepsHistory, type Space } from "../../kv/state-reader.ts";
import { versionKind, type VersionKind } from "../../kv/version.ts";

export class VersionSieve {
  readonly #watermark: Revision;
  /** Nothing older than what this sieve sees is stored anywhere. */
  readonly #containsOldest: boolean;
  /** A newer version of the present key hides all that follow from every reader. */
  #hidden = false;

  constructor(watermark: Revision, containsOldest: boolean) {
    this.#watermark = watermark;
    this.#containsOldest = containsOldest;
  }

  keeps(newKey: boolean, of: Space, revision: Revision, kind: VersionKind): boolean {
    if (newKey) this.#hidden = false;
    if (this.#hidden) return false;
    if (keepsHistory(of) && revision > this.#watermark) return true;
    this.#hidden = true;
    // A tombstone is needed as long as it hides a version in an older run; behind the last one it is nothing.
    return kind !== versionKind.tombstone || !this.#containsOldest;
  }
}

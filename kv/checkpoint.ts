/** What a checkpoint of applied state says of itself, and the cut from which one is written. */
import type { Revision } from "./revision.ts";
import type { InternalKey, Space } from "./state-reader.ts";
import type { VersionKind } from "./version.ts";

/** What the newest valid checkpoint says of itself. */
export interface Checkpoint {
  /** Every entry up to this slot is contained, none behind it. */
  readonly appliedThrough: number;
  readonly lastRevision: Revision;
  /** Versions that a newer version at or below this revision shadows may be dropped by merges. */
  readonly watermark: Revision;
}

/** A frozen table on its way into the store: it is complete, sorted and does not change any more. */
export interface CheckpointCut extends Checkpoint {
  /** The cells of one space, by key ascending and newest revision first within a key. Called once per space. */
  cells(of: Space): CutCells;
}

/** Walks the cells of one space of a cut. */
export interface CutCells {
  /** The next cell; undefined behind the last. */
  next(): CutCell | undefined;
}

/**
 * A version of a key, as in `Version`. Only lent: the next step of the walk that showed it may show another one in the
 * same object. The bytes stay what they are.
 */
export interface CutCell {
  readonly key: InternalKey;
  readonly revision: Revision;
  readonly kind: VersionKind;
  readonly expiresAt: Revision;
  /** The bytes of which the value is a window, as `source` in `Version`. */
  readonly bytes: DataView;
  readonly start: number;
  readonly end: number;
}

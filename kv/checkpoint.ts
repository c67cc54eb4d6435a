/** What a checkpoint of applied state says of itself, and the cut from which one is written. */
import type { Revision } from "./revision.ts";
import type { Cell, Space } from "./state-reader.ts";

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
  cells(of: Space): Iterator<Cell>;
}

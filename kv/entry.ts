/** What a slot of a group's log can hold. */
import type { Logged } from "./frame.ts";
import type { Revision } from "./revision.ts";

/** Numbers on the wire and on disk. 16 to 31 are reserved for membership, 32 to 63 for regions. */
export const entryKind = { noOp: 0, tick: 1, frames: 2, watermark: 3 } as const;

/** Fills a gap. It carries no stamp, so it changes nothing at all. */
export interface NoOp {
  readonly kind: typeof entryKind.noOp;
}

/** Raises the last revision, so that what is due expires and reads at a revision become possible. */
export interface Tick {
  readonly kind: typeof entryKind.tick;
  readonly stamp: Revision;
}

export interface Frames {
  readonly kind: typeof entryKind.frames;
  readonly stamp: Revision;
  readonly frames: readonly Logged[];
}

/** Gives up history: reads below `watermark` are refused from here on. */
export interface Watermark {
  readonly kind: typeof entryKind.watermark;
  readonly stamp: Revision;
  readonly watermark: Revision;
}

export type Entry = NoOp | Tick | Frames | Watermark;

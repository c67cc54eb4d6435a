/**
 * The checkpointed part of a replica's applied state, as the replicated state machine reads it. Between two
 * checkpoints it never changes. The state store implements it; `kv` never sees disks or blocks.
 */
import type { Revision } from "./revision.ts";
import type { Version } from "./version.ts";

/**
 * Internal keys are byte strings: every char code is one byte (0..255), so that `<` on them is the byte order
 * of the encoded key. User data lives under `bucket 0x00 key`.
 */
export type InternalKey = string;

/** Key spaces, in the order in which they are stored. Only `data` keeps history. */
export const space = { data: 0, expiry: 1, session: 2, request: 3, meta: 4 } as const;
export type Space = (typeof space)[keyof typeof space];

/**
 * False for spaces whose older versions are dropped as soon as a newer one is merged with them, and whose
 * tombstones are dropped as soon as nothing older is left below them, wherever the watermark stands. Cells of `session`, `request` and `meta` carry the slot of their checkpoint in place of a revision: what they hold
 * can change while the last revision stands still.
 */
export function keepsHistory(of: Space): boolean {
  return of === space.data;
}

export interface Cell {
  readonly key: InternalKey;
  readonly version: Version;
}

/** Yields cells by key (ascending, or descending when reversed) and, within a key, newest revision first. */
export interface CellCursor {
  next(): Cell | undefined;
  /** The first cell of the key behind that of the cell returned last: a key's other versions, which may be many, are not read. */
  nextKey(): Cell | undefined;
}

/** Versions wanted of the keys in `[start, end)`. */
export interface HistoryRange {
  readonly start: InternalKey;
  readonly end: InternalKey | undefined;
  /** Of the key `start` itself only versions below this revision are wanted. */
  readonly below: Revision;
  /** Only versions with `since < revision <= until` are wanted. */
  readonly since: Revision;
  readonly until: Revision;
}

export interface StateReader {
  /**
   * The newest version of `key` at or below `atOrBelow`; a tombstone is a version too. `lent`: its value need not outlast
   * the next call.
   */
  find(from: Space, key: InternalKey, atOrBelow: Revision, lent?: boolean): Version | undefined;
  /**
   * A cursor over the keys in `[start, end)`; `end` undefined = to the end of the space. A cursor is read
   * to where it is wanted within one turn of the event loop and never kept across turns.
   */
  scan(from: Space, start: InternalKey, end: InternalKey | undefined, reverse: boolean): CellCursor;
  /** Like `scan` forwards. Versions that are not wanted are left out wherever that saves reading them. */
  history(from: Space, range: HistoryRange): CellCursor;
}

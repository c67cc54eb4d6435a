/** What applying an entry does to keys, told to whoever wants to know; nobody's answer or checksum depends on it. */
import type { Revision } from "./revision.ts";
import type { InternalKey } from "./state-reader.ts";

/** Numbers on the wire. An expiry removes a key as a delete does, at the entry that passes its revision. */
export const changeOperation = { put: 0, delete: 1, expire: 2, purge: 3 } as const;
export type ChangeOperation = (typeof changeOperation)[keyof typeof changeOperation];

/** One key's new version. Its value is a window onto `source`, which never changes; empty for a removal. */
export interface Change {
  readonly key: InternalKey;
  readonly revision: Revision;
  readonly operation: ChangeOperation;
  /** 0 = the version never expires; 0 for a removal. */
  readonly expiresAt: Revision;
  readonly source: Uint8Array;
  readonly start: number;
  readonly end: number;
}

/** Told of every change while an entry is applied, in the order of revisions. It must not throw. */
export type ChangeSink = (change: Change) => void;

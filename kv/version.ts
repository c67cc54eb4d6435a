/** Versions are what a key holds: one value or tombstone at one revision. */
import type { Revision } from "./revision.ts";

export const versionKind = { put: 0, tombstone: 1 } as const;
export type VersionKind = (typeof versionKind)[keyof typeof versionKind];

/** Why a tombstone stands there; kept where a value keeps its expiry. What was written before a purge is not told any more. */
export const tombstoneReason = { deleted: 0, purged: 1, expired: 2 } as const;
export type TombstoneReason = (typeof tombstoneReason)[keyof typeof tombstoneReason];

/**
 * One version of one key. The value is a window onto `source`, which is usually a whole log entry or state
 * block, so that storing a version copies nothing. Those bytes never change for as long as the version is
 * referred to.
 */
export interface Version {
  readonly revision: Revision;
  readonly kind: VersionKind;
  /** The revision from which on the key is due for its tombstone; 0 = it never expires. Of a tombstone, its reason. */
  readonly expiresAt: Revision;
  readonly source: Uint8Array;
  /** Offset of the first value byte in `source`. */
  readonly start: number;
  /** Offset behind the last value byte in `source`. */
  readonly end: number;
  /** How many bytes a value has that nobody asked for and that was left out; undefined = it is here. */
  readonly bytesLeftOut?: number;
}

export function isPurge({ kind, expiresAt }: Version): boolean {
  return kind === versionKind.tombstone && expiresAt === tombstoneReason.purged;
}

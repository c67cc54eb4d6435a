/** Versions are what a key holds: one value or tombstone at one revision. */
import type { Revision } from "./revision.ts";

export const versionKind = { put: 0, tombstone: 1 } as const;
export type VersionKind = (typeof versionKind)[keyof typeof versionKind];

/**
 * One version of one key. The value is a window onto `source`, which is usually a whole log entry or state
 * block, so that storing a version copies nothing.
 */
export interface Version {
  readonly revision: Revision;
  readonly kind: VersionKind;
  /** Last revision at which the version may still exist; 0 = it never expires. */
  readonly expiresAt: Revision;
  readonly source: Uint8Array;
  /** Offset of the first value byte in `source`. */
  readonly start: number;
  /** Offset behind the last value byte in `source`. */
  readonly end: number;
}

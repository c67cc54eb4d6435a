/**
 * Revisions are hybrid logical timestamps: 41 bits of milliseconds since 2024-01-01 and 12 bits of counter,
 * 53 bits in all, so a revision is a safe JavaScript integer. Arithmetic multiplies and divides; bit
 * operators would truncate to 32 bits.
 */
import type { Flavor } from "../machines/flavor.ts";

/** Timestamp of one committed atomic unit. Strictly increasing within a store group. */
export type Revision = Flavor<number, "Revision">;

/** Milliseconds between the Unix epoch and 2024-01-01T00:00:00Z, where revisions begin. */
export const revisionEpochMs = 1_704_067_200_000;

/** Revisions that fit into one millisecond. */
export const revisionsPerMs = 4096;

/** Above every revision: "the newest there is" where a revision to read at is asked for. */
export const newest: Revision = Number.MAX_SAFE_INTEGER;

/** The first revision of a wall-clock millisecond (Unix epoch). */
export function revisionAt(wallMs: number): Revision {
  return (Math.floor(wallMs) - revisionEpochMs) * revisionsPerMs;
}

/** The wall-clock millisecond (Unix epoch) a revision falls into. */
export function wallMsOf(revision: Revision): number {
  return Math.floor(revision / revisionsPerMs) + revisionEpochMs;
}

/** Starts of a store, and how a store that was copied back is told by them. */
import type { MemberId } from "../ballot.ts";

/** One start of one store. */
export interface Start {
  readonly member: MemberId;
  /** Raised durably at every start. */
  readonly incarnation: number;
  /** Random: two starts that raised the same stored incarnation differ here. */
  readonly start: number;
}

/** A start, and what its store still knows of those before it. */
export interface StartHistory extends Start {
  /** Random numbers of the starts before this one, the newest first; those too long ago are left out. */
  readonly earlier: readonly number[];
}

/** So many starts may go by before a store that nobody met meanwhile is believed whatever was met of it. */
export const earlierStartsMax = 100;

/**
 * Whether the store that knows this history can have had the other start. When it cannot, it was copied back, and what
 * it promised since is forgotten (NATS #5939). Starts that are left out of the history are believed.
 */
export function canHaveHad(history: StartHistory, other: Start): boolean {
  if (other.incarnation > history.incarnation) return false;
  if (other.incarnation === history.incarnation) return other.start === history.start;
  const known = history.earlier[history.incarnation - other.incarnation - 1];
  return known === undefined || known === other.start;
}

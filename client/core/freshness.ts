/** How fresh a read has to be. Reads that ask for the same share frames. */
import { consistency, type Consistency } from "../../infra/codec/formats.ts";
import type { Revision } from "../../kv/revision.ts";

export interface Freshness {
  readonly consistency: Consistency;
  /** For stale reads: the answering replica has applied at least this revision; 0 = any. */
  readonly minRevision: Revision;
  /** For stale reads: the answer is not older; 0 = of any age. */
  readonly maxAgeMs: number;
}

/** Answered by the leader under its lease. */
export const linearizable: Freshness = {
  consistency: consistency.lease,
  minRevision: 0,
  maxAgeMs: 0,
};

/** Answered by the leader after a majority confirmed that it still is the leader. */
export const quorum: Freshness = { ...linearizable, consistency: consistency.quorum };

/** Answered by any replica at once. */
export function stale(minRevision: Revision, maxAgeMs: number): Freshness {
  return { consistency: consistency.stale, minRevision, maxAgeMs };
}

export function isStale(freshness: Freshness): boolean {
  return freshness.consistency === consistency.stale;
}

/** Equal for reads that may share a frame. */
export function freshnessName({ consistency, minRevision, maxAgeMs }: Freshness): string {
  return `${consistency}/${minRevision}/${maxAgeMs}`;
}

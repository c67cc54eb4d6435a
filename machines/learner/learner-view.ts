/** What the acceptor tells the leader about this replica's applied state, with each heartbeat's answer. */
import type { Slot } from "../ballot.ts";

export interface LearnerView {
  readonly appliedThrough: Slot;
  /** The last slot, of those whose state checksums are compared, that was applied; 0 = none yet. */
  readonly checksumSlot: Slot;
  readonly checksum: number;
}

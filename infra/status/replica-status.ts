/** What `status` shows of one replica. */
import type { Ballot } from "../../machines/ballot.ts";
import type { StopReason } from "./stop-reason.ts";

/** A node's part in one store group. */
export interface ReplicaStatus {
  /** The group's name. */
  readonly group: string;
  /** Nodes, in order of preference for leading. */
  readonly members: readonly string[];
  /** What it does at the moment. */
  readonly role: "leader" | "follower" | "candidate" | "recovering" | "needs snapshot" | "stopped";
  /** Who leads, as far as it knows. */
  readonly leader: string | undefined;
  /** That of the leader it knows. */
  readonly ballot: Ballot | undefined;
  /** Why it takes no part any more; undefined while it does. */
  readonly stopped: StopReason | undefined;
  /** The log it would need is gone everywhere it could learn it. */
  readonly needsSnapshot: boolean;
  /** The last slot up to which it knows every slot to be decided. */
  readonly chosenThrough: number;
  /** The last slot whose entry its state holds. */
  readonly appliedThrough: number;
  /** On the leader only. */
  readonly commitIndex: number | undefined;
  /** The last slot whose entry was removed from its log. */
  readonly trimmedThrough: number;
  /** The last slot whose entry its checkpoint on disk holds. */
  readonly checkpointThrough: number;
  /** Since the node started. */
  readonly checkpoints: number;
  /** How often its log was shortened since the node started. */
  readonly trims: number;
  /** Of its log on disk. */
  readonly logBytes: number;
  /** Of applied state that is in memory only. */
  readonly tableBytes: number;
  /** Of applied state on disk. */
  readonly stateBytes: number;
  /** What lies there is being merged, which takes from the disk and from a processor while it lasts. */
  readonly stateMerging: boolean;
  /** The group's time, as of `appliedThrough`. */
  readonly lastRevision: number;
  /** Of applied state, behind `appliedThrough`. */
  readonly checksum: number;
  /** History below this revision is not kept completely any more. */
  readonly watermark: number;
  /** Frames of clients that wait for a slot; on the leader. */
  readonly queuedFrames: number;
  /** Reads that wait for a lease, a round, or for entries to be applied. */
  readonly waitingReads: number;
  /** A leader's time up to which its state is known to be complete, in milliseconds; 0 = not known. */
  readonly asOfMs: number;
  /** Messages of the group's feed that this replica published since the node started. */
  readonly feedMessages: number;
  /** Its actors, each with the state its chart is in. */
  readonly actors: readonly { readonly name: string; readonly state: string }[];
}

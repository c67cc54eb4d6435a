/** What `status` shows of one replica. */
import type { Ballot } from "../../machines/ballot.ts";
import type { StopReason } from "./stop-reason.ts";

export interface ReplicaStatus {
  readonly group: string;
  /** Nodes, in order of preference for leading. */
  readonly members: readonly string[];
  readonly role: "leader" | "follower" | "candidate" | "recovering" | "needs snapshot" | "stopped";
  readonly leader: string | undefined;
  readonly ballot: Ballot | undefined;
  readonly stopped: StopReason | undefined;
  readonly needsSnapshot: boolean;
  readonly chosenThrough: number;
  readonly appliedThrough: number;
  /** On the leader only. */
  readonly commitIndex: number | undefined;
  readonly trimmedThrough: number;
  readonly checkpointThrough: number;
  /** Since the node started. */
  readonly checkpoints: number;
  readonly trims: number;
  readonly logBytes: number;
  readonly tableBytes: number;
  readonly stateBytes: number;
  readonly lastRevision: number;
  /** Of applied state, behind `appliedThrough`. */
  readonly checksum: number;
  readonly watermark: number;
  readonly queuedFrames: number;
  readonly waitingReads: number;
  readonly asOfMs: number;
  /** Messages of the group's feed that this replica published since the node started. */
  readonly feedMessages: number;
  readonly actors: readonly { readonly name: string; readonly state: string }[];
}

/** What reaches a proposer, and what it wants done. */
import type { Ballot, MemberId, Slot } from "../ballot.ts";
import type {
  Accepted,
  HandOver,
  HeartbeatAcked,
  PreVoted,
  Promised,
  Received,
  Rejected,
  ReplicaMessage,
} from "../messages.ts";

export type ProposerDeadline =
  | "election"
  | "campaign"
  | "heartbeat"
  | "resend"
  | "preference"
  | "patience"
  | "holdBack"
  | "handOver";

export interface Timed {
  readonly nowMs: number;
  readonly wallMs: number;
}

export type ProposerEvent =
  | Received<PreVoted>
  | Received<Promised>
  | Received<Rejected>
  | Received<Accepted>
  | Received<HeartbeatAcked>
  | Received<HandOver>
  | ({ readonly type: "enable" } & Timed)
  | ({ readonly type: "disable" } & Timed)
  /** The acceptor acknowledged another member's heartbeat. */
  | ({ readonly type: "leaderSeen"; readonly ballot: Ballot; readonly node: string } & Timed)
  | ({ readonly type: "deadline"; readonly name: ProposerDeadline } & Timed)
  /** New entries, each for a slot of its own. */
  | ({ readonly type: "propose"; readonly entries: readonly Uint8Array[] } & Timed)
  /** The learner knows everything up to `through` as chosen. */
  | ({ readonly type: "caughtUp"; readonly through: Slot } & Timed)
  /** A quorum read waits for a heartbeat sent after its arrival. */
  | ({ readonly type: "roundWanted" } & Timed)
  | ({ readonly type: "transfer"; readonly member: MemberId } & Timed)
  | ({ readonly type: "disconnected" } & Timed);

export type ProposerEffect =
  | { readonly type: "send"; readonly to: string; readonly message: ReplicaMessage }
  /** To every member, the own acceptor included or not. */
  | {
      readonly type: "broadcast";
      readonly message: ReplicaMessage;
      readonly includingSelf: boolean;
    }
  | {
      readonly type: "deadline";
      readonly name: ProposerDeadline;
      /** Undefined takes the deadline back. */
      readonly atMs: number | undefined;
    }
  /** Everything up to `through` is chosen, and was proposed at `ballot`. */
  | { readonly type: "chosen"; readonly ballot: Ballot; readonly through: Slot }
  /** The learner shall fetch everything up to `through`, asking `node` first. */
  | { readonly type: "learn"; readonly through: Slot; readonly node: string }
  | { readonly type: "serving"; readonly ballot: Ballot }
  /** No new proposal and no read any more. */
  | { readonly type: "stoppedServing" }
  /** What was proposed and is not yet chosen has an unknown outcome. */
  | { readonly type: "inFlightAbandoned" }
  /** The lease was renewed, or a read round confirmed. */
  | { readonly type: "confirmed" }
  | { readonly type: "report"; readonly what: string; readonly details: Record<string, unknown> };

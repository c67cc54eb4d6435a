/** How the roles of one replica, and replicas of one group, reach each other. */
import type { PeerMessage } from "../../infra/codec/peer-codec.ts";
import type { AcceptorEvent } from "../../machines/acceptor/acceptor-memory.ts";
import type { CheckpointerEvent } from "../../machines/checkpointer/checkpointer-memory.ts";
import type { LearnerEvent } from "../../machines/learner/learner-memory.ts";
import type { ReplicaMessage } from "../../machines/messages.ts";
import type { ProposerEvent } from "../../machines/proposer/proposer-events.ts";
import type { Timed } from "../actor.ts";

export interface Links {
  readonly now: () => Timed;
  /** To the named node's replica, or to this one. */
  readonly send: (to: string, message: ReplicaMessage) => void;
  /** Once, to every member; this one's acceptor hears it directly. */
  readonly broadcast: (message: ReplicaMessage, includingSelf: boolean) => void;
  readonly toAcceptor: (event: AcceptorEvent) => void;
  readonly toProposer: (event: ProposerEvent) => void;
  readonly toLearner: (event: LearnerEvent) => void;
  readonly toCheckpointer: (event: CheckpointerEvent) => void;
  readonly report: (what: string, details: Record<string, unknown>) => void;
  /** A durable write failed: this node's replicas stop. */
  readonly storageFailed: (failure: Error) => void;
}

export type SendPeer = (to: string, message: PeerMessage) => void;

/**
 * The messages replicas of one store group send each other. Each is an event of a machine under the same name.
 * All are idempotent, and whoever waits for an answer sends again.
 *
 *   candidate                 acceptors                     leader                    acceptors
 *      | preVote ----------------> |                          | accept ----------------> |  (once, to the group)
 *      | <--------------- preVoted |                          |                  append and flush
 *      | prepare ----------------> |                          | <-------------- accepted |
 *      |                     promise and flush                |   (quorum: chosen, applied, answered)
 *      | <---------- promised 1..n |                          | heartbeat -------------> |  (commit index)
 *      | <---------------- rejected                           | <-------- heartbeatAcked |
 *
 *   learner                   any replica                   leader                    successor
 *      | learnRequest -----------> |                          | handOver --------------> |
 *      | <---------------- learned |                          | <------ preVote (ended)  |
 */
import type { Ballot, Round, Slot } from "./ballot.ts";
import type { LogRecord } from "./record.ts";

/** Asks whether a campaign could succeed; promises nothing and disturbs nobody. */
export interface PreVote {
  readonly type: "preVote";
  /** Numbers the candidate's attempts within one start of its process. */
  readonly attempt: number;
  /** The candidate knows every slot up to here as chosen. */
  readonly watermark: Slot;
  /** The predecessor's ballot, when it handed over: its lease no longer stands in the way. */
  readonly ended: Ballot | undefined;
}

export interface PreVoted {
  readonly type: "preVoted";
  readonly attempt: number;
  readonly granted: boolean;
  /** Highest round the voter has promised. */
  readonly highestRound: Round;
  readonly chosenThrough: Slot;
  readonly compactedThrough: Slot;
}

/** Phase 1a, for all slots from `fromSlot` on at once. */
export interface Prepare {
  readonly type: "prepare";
  readonly ballot: Ballot;
  readonly fromSlot: Slot;
  readonly ended: Ballot | undefined;
}

/** Phase 1b, in one or more chunks; until all have arrived the acceptor counts as silent. */
export interface Promised {
  readonly type: "promised";
  readonly ballot: Ballot;
  /** Numbers the acceptor's answers, across its restarts: chunks of two answers are never mixed. */
  readonly cut: number;
  /** This chunk, from 1. */
  readonly chunk: number;
  readonly chunks: number;
  readonly fromSlot: Slot;
  readonly compactedThrough: Slot;
  readonly chosenThrough: Slot;
  readonly records: readonly LogRecord[];
}

/** The answer to a `prepare` or `accept` that the acceptor may not follow. */
export interface Rejected {
  readonly type: "rejected";
  /** The ballot that was refused. */
  readonly ballot: Ballot;
  readonly promised: Ballot;
  /** How long a lease granted to another leader still stands in the way; 0 when it was the promise that did. */
  readonly leaseRemainingMs: number;
}

/** Phase 2a. */
export interface Accept {
  readonly type: "accept";
  readonly ballot: Ballot;
  readonly slot: Slot;
  readonly commitIndex: Slot;
  readonly entry: Uint8Array;
}

/** Phase 2b, for several slots at once: they are durable at this ballot, or known chosen. */
export interface Accepted {
  readonly type: "accepted";
  readonly ballot: Ballot;
  readonly slots: readonly Slot[];
  readonly chosenThrough: Slot;
}

export interface Heartbeat {
  readonly type: "heartbeat";
  readonly ballot: Ballot;
  /** Numbers the heartbeats of a ballot. */
  readonly beat: number;
  readonly commitIndex: Slot;
  /** Every member's checkpoint covers the log up to here. */
  readonly trimThrough: Slot;
  /**
   * The leader's physical time in Unix milliseconds: a replica that has applied `commitIndex` is at least this fresh.
   * 0 while the lease does not hold, and until the new leader's first no-op is chosen: before it, `commitIndex` may lie
   * below what an earlier leader has answered for.
   */
  readonly asOfMs: number;
  /** Slot and state checksum a quorum agrees on; slot 0 = none yet. */
  readonly checksumSlot: Slot;
  readonly checksum: number;
}

export interface HeartbeatAcked {
  readonly type: "heartbeatAcked";
  readonly ballot: Ballot;
  readonly beat: number;
  /** The acceptor's wall clock, in Unix milliseconds: not the receiver's, which every received message brings along. */
  readonly memberWallMs: number;
  readonly chosenThrough: Slot;
  readonly appliedThrough: Slot;
  /** The log up to here is contained in a durable checkpoint. */
  readonly checkpointThrough: Slot;
  readonly checksumSlot: Slot;
  readonly checksum: number;
}

/** Asks for chosen values; `ballots[i]` is the ballot of the local record of slot `fromSlot + i`, if there is one. */
export interface LearnRequest {
  readonly type: "learnRequest";
  readonly fromSlot: Slot;
  readonly throughSlot: Slot;
  readonly ballots: readonly (Ballot | undefined)[];
}

/** One chosen slot; without an entry the asker's own record, whose ballot is equal, is the chosen value. */
export interface LearnedSlot {
  readonly slot: Slot;
  readonly ballot: Ballot;
  readonly entry: Uint8Array | undefined;
}

export interface Learned {
  readonly type: "learned";
  readonly slots: readonly LearnedSlot[];
  readonly chosenThrough: Slot;
  readonly compactedThrough: Slot;
}

/** Ends the sender's ballot for good and asks the receiver to campaign at once. */
export interface HandOver {
  readonly type: "handOver";
  readonly ballot: Ballot;
  readonly commitIndex: Slot;
}

export type ReplicaMessage =
  | PreVote
  | PreVoted
  | Prepare
  | Promised
  | Rejected
  | Accept
  | Accepted
  | Heartbeat
  | HeartbeatAcked
  | LearnRequest
  | Learned
  | HandOver;

/** Who sent a message: the node by the subject it may publish, the member by its word. */
export interface Sender {
  readonly node: string;
  readonly member: number;
}

/** A message as it reaches a machine. */
export type Received<Message extends ReplicaMessage> = Message & {
  readonly from: Sender;
  /** When the message was taken from the transport, in milliseconds. */
  readonly nowMs: number;
  readonly wallMs: number;
};

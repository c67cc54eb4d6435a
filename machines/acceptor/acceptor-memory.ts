/** What one acceptor remembers, and the answers that wait for the disk. */
import {
  ballotText,
  compareBallots,
  sameBallot,
  type Ballot,
  type MemberId,
  type Slot,
} from "../ballot.ts";
import type { Configuration, Member } from "../configuration.ts";
import type { LearnerView } from "../learner/learner-view.ts";
import type {
  Accept,
  Heartbeat,
  Prepare,
  PreVote,
  Promised,
  Received,
  ReplicaMessage,
  Sender,
} from "../messages.ts";
import type { LogAppend, LogRecord } from "../record.ts";
import { assertSameProposal, type ReplicaLog } from "../replica-log.ts";
import { chunksOf } from "./promise-chunks.ts";

/** How long a campaign may take from a promise on, as a rule; less than a candidate waits before it asks again. */
const campaignMsExpected = 100;

export type AcceptorEvent =
  | Received<Prepare>
  | Received<PreVote>
  | Received<Accept>
  | Received<Heartbeat>
  /** Every append up to and including `sequence` is on disk. */
  | { readonly type: "durable"; readonly sequence: number }
  /** Chosen values learned from another replica: they replace what is stored, and all up to `through` is chosen. */
  | { readonly type: "install"; readonly records: readonly LogRecord[]; readonly through: Slot }
  /** `chosenThrough` shall become durable although nothing else is appended. */
  | { readonly type: "recordChosen" }
  /** A checkpoint containing everything up to `through` is durable. */
  | { readonly type: "checkpointed"; readonly through: Slot }
  | { readonly type: "logFull" }
  | { readonly type: "deadline"; readonly name: "guard"; readonly nowMs: number };

export type AcceptorEffect =
  | { readonly type: "send"; readonly to: string; readonly message: ReplicaMessage }
  | { readonly type: "append"; readonly sequence: number; readonly change: LogAppend }
  | { readonly type: "deadline"; readonly name: "guard"; readonly atMs: number }
  /** From now on this acceptor promises ballots: its proposer may campaign. */
  | { readonly type: "voting" }
  /** Another member leads: its heartbeat was good. */
  | {
      readonly type: "leaderSeen";
      readonly ballot: Ballot;
      readonly node: string;
      readonly nowMs: number;
      readonly asOfMs: number;
      readonly commitIndex: Slot;
    }
  /** Everything up to `through` is chosen; whoever holds it at `ballot` holds the chosen value. */
  | {
      readonly type: "committed";
      readonly ballot: Ballot;
      readonly through: Slot;
      readonly node: string;
      readonly nowMs: number;
    }
  | { readonly type: "chosenDurable"; readonly through: Slot }
  /** What was learned is in the log, though not yet on disk. */
  | { readonly type: "installed"; readonly through: Slot }
  | {
      readonly type: "checksumAgreed";
      readonly slot: Slot;
      readonly checksum: number;
    }
  | { readonly type: "report"; readonly what: string; readonly details: Record<string, unknown> };

/** An answer that may leave once the append with its sequence is durable. */
type Waiting = { readonly sequence: number } & (
  | {
      readonly type: "accepted";
      readonly to: string;
      readonly ballot: Ballot;
      readonly slot: Slot;
    }
  | { readonly type: "promised"; readonly to: string; readonly chunks: readonly Promised[] }
  | { readonly type: "chosen"; readonly through: Slot }
);

export interface AcceptorInput {
  readonly self: Member;
  readonly configuration: Configuration;
  readonly log: ReplicaLog;
  /** Highest ballot found in the store: promised, or accepted. */
  readonly promise: Ballot;
  readonly durableChosenThrough: Slot;
  readonly learner: LearnerView;
  /** No earlier start of the store has granted a lease since then. */
  readonly ownedSinceMs: number;
  /** The store took part in the group before this start. */
  readonly restarted: boolean;
  /** Counts the starts of the store. */
  readonly incarnation: number;
  /** Payload left for records in one message. */
  readonly chunkBytesMax: number;
}

/** A jump of rounds beyond this is a broken or hostile sender, not an election. */
const roundJumpMax = 2 ** 20;

/**
 * Answers are numbered on across restarts: the chunks of one given before a crash and of one given after it, from a
 * disk that knows less to be chosen, would together leave out slots.
 */
const cutsPerStart = 2 ** 20;

/** Records removed in one append; the rest follows with the next. */
const trimSlotsMax = 256;

export class Acceptor {
  readonly outbox: AcceptorEffect[] = [];
  readonly self: Member;
  readonly configuration: Configuration;
  readonly log: ReplicaLog;
  readonly #learner: LearnerView;
  readonly #chunkBytesMax: number;
  readonly #guardUntilMs: number;
  readonly #restarted: boolean;

  /** Highest ballot promised. Never decreases; durable before any promise leaves. Paxos Made Simple 2.2. */
  #promise: Ballot;
  /** The promise in the newest append. */
  #appendedPromise: Ballot;
  /** Whom that was promised, and until when its campaign is left in peace. */
  #candidacy: { readonly member: MemberId; readonly untilMs: number } | undefined;
  /** The leader whose heartbeat was acknowledged last, and until when no other ballot is promised. */
  #lease: { readonly ballot: Ballot; readonly untilMs: number } | undefined;
  /** Numbers the appends; `#durable` is the highest that is on disk. */
  #sequence = 0;
  #durable = 0;
  /** In order of sequence. */
  #waiting: Waiting[] = [];
  #cuts: number;
  #appendedChosenThrough: Slot;
  #durableChosenThrough: Slot;
  #checkpointThrough: Slot = 0;

  constructor(input: AcceptorInput) {
    this.self = input.self;
    this.configuration = input.configuration;
    this.log = input.log;
    this.#learner = input.learner;
    this.#chunkBytesMax = input.chunkBytesMax;
    this.#restarted = input.restarted;
    this.#guardUntilMs = input.ownedSinceMs + input.configuration.leaseMs;
    this.#cuts = input.incarnation * cutsPerStart;
    this.#promise = input.promise;
    this.#appendedPromise = input.promise;
    this.#appendedChosenThrough = input.durableChosenThrough;
    this.#durableChosenThrough = input.durableChosenThrough;
  }

  get promise(): Ballot {
    return this.#promise;
  }

  /** A group of one has nobody whose lease it could break. */
  mayStillOweALease(): boolean {
    return this.#restarted && this.configuration.members.length > 1;
  }

  startGuard(): void {
    this.outbox.push({ type: "deadline", name: "guard", atMs: this.#guardUntilMs });
  }

  announceVoting(): void {
    this.outbox.push({ type: "voting" });
  }

  guardIsOver(nowMs: number): boolean {
    return nowMs >= this.#guardUntilMs;
  }

  promisedHigher(ballot: Ballot): boolean {
    return compareBallots(this.#promise, ballot) > 0;
  }

  /**
   * Also true below the ballot of a live or past lease: acknowledging an older leader's late heartbeat would
   * forget the lease the newer one counts on.
   */
  followedAHigherBallot(ballot: Ballot): boolean {
    return compareBallots(this.#highestFollowed(), ballot) > 0;
  }

  roundIsImplausible(ballot: Ballot): boolean {
    return ballot.round > this.#promise.round + roundJumpMax;
  }

  leaseStandsInTheWay(candidate: MemberId, ended: Ballot | undefined, nowMs: number): boolean {
    const lease = this.#lease;
    if (lease === undefined || nowMs >= lease.untilMs) return false;
    if (lease.ballot.member === candidate) return false;
    return ended === undefined || compareBallots(ended, lease.ballot) < 0;
  }

  alreadyChosenHere(slot: Slot): boolean {
    return slot <= this.log.chosenThrough;
  }

  acceptedBefore(ballot: Ballot, slot: Slot): boolean {
    const stored = this.log.ballotOf(slot);
    return stored !== undefined && sameBallot(stored, ballot);
  }

  reject(to: Sender, ballot: Ballot, leaseRemainingMs = 0): void {
    const promised = this.#highestFollowed();
    this.#send(to.node, { type: "rejected", ballot, promised, leaseRemainingMs });
  }

  rejectForLease({ from, ballot, nowMs }: Received<Prepare>): void {
    this.reject(from, ballot, Math.max(0, (this.#lease?.untilMs ?? nowMs) - nowMs));
  }

  rejectWhileGuarding({ from, ballot, nowMs }: Received<Prepare>): void {
    this.reject(from, ballot, Math.max(0, this.#guardUntilMs - nowMs));
  }

  reportImplausibleRound(ballot: Ballot, from: Sender): void {
    this.outbox.push({
      type: "report",
      what: "a ballot's round lies implausibly far ahead",
      details: {
        ballot: ballotText(ballot),
        promised: ballotText(this.#promise),
        node: from.node,
      },
    });
  }

  /**
   * The answer is one cut, taken now: it lists every entry for which an `accepted` under a lower ballot has left or
   * may still leave. From here on lower ballots are refused, although the promise is not yet durable.
   */
  promiseTo({ from, ballot, fromSlot, nowMs }: Received<Prepare>): void {
    this.#promise = ballot;
    this.#candidacy = { member: from.member, untilMs: nowMs + campaignMsExpected };
    this.#cuts += 1;
    const cut = {
      ballot,
      cut: this.#cuts,
      fromSlot,
      compactedThrough: this.log.trimmedThrough,
      chosenThrough: this.log.chosenThrough,
    };
    const chunks = chunksOf(cut, this.log.unchosen(fromSlot), this.#chunkBytesMax);
    this.#appendIfNeeded();
    this.#answer({ sequence: this.#sequence, type: "promised", to: from.node, chunks });
  }

  answerChosen({ from, ballot, slot }: Received<Accept>): void {
    this.#raisePromise(ballot);
    this.#send(from.node, {
      type: "accepted",
      ballot,
      slots: [slot],
      chosenThrough: this.log.chosenThrough,
    });
  }

  answerAgain({ from, ballot, slot, entry }: Received<Accept>): void {
    const stored = this.log.get(slot);
    if (stored !== undefined) assertSameProposal(stored, ballot, entry);
    this.#answer({ sequence: this.#sequence, type: "accepted", to: from.node, ballot, slot });
  }

  accept({ from, ballot, slot, entry }: Received<Accept>): void {
    this.#raisePromise(ballot);
    const record: LogRecord = { epoch: ballot.epoch, slot, ballot, entry };
    this.log.put(record, this.#sequence + 1);
    this.#append({ records: [record] }, true);
    this.#answer({ sequence: this.#sequence, type: "accepted", to: from.node, ballot, slot });
  }

  passOnCommit(message: {
    readonly ballot: Ballot;
    readonly commitIndex: Slot;
    readonly from: Sender;
    readonly nowMs: number;
  }): void {
    if (message.from.member === this.self.member) return;
    this.outbox.push({
      type: "committed",
      ballot: message.ballot,
      through: message.commitIndex,
      node: message.from.node,
      nowMs: message.nowMs,
    });
  }

  /** Until L after receiving the heartbeat, by this member's own clock, no other leader's ballot is promised. */
  grantLease(heartbeat: Received<Heartbeat>): void {
    const { ballot, beat, from, nowMs, wallMs } = heartbeat;
    this.#lease = { ballot, untilMs: nowMs + this.configuration.leaseMs };
    this.#send(from.node, {
      type: "heartbeatAcked",
      ballot,
      beat,
      memberWallMs: wallMs,
      chosenThrough: this.log.chosenThrough,
      appliedThrough: this.#learner.appliedThrough,
      checkpointThrough: this.#checkpointThrough,
      checksumSlot: this.#learner.checksumSlot,
      checksum: this.#learner.checksum,
    });
    if (heartbeat.checksumSlot > 0) {
      this.outbox.push({
        type: "checksumAgreed",
        slot: heartbeat.checksumSlot,
        checksum: heartbeat.checksum,
      });
    }
    if (from.member === this.self.member) return;
    this.outbox.push({
      type: "leaderSeen",
      ballot,
      node: from.node,
      nowMs,
      asOfMs: heartbeat.asOfMs,
      commitIndex: heartbeat.commitIndex,
    });
  }

  /** Refuses a candidate that could not win, that would end another's campaign, or have to ask for a log that is gone. */
  answerPreVote(preVote: Received<PreVote>): void {
    const { from, ended, nowMs } = preVote;
    const granted =
      !this.leaseStandsInTheWay(from.member, ended, nowMs) &&
      !this.#anotherCampaigns(from.member, nowMs) &&
      this.log.trimmedThrough <= preVote.watermark;
    this.#answerPreVote(preVote, granted);
  }

  /** Two who campaign at a time supersede each other, and nobody leads until one of them tries again. */
  #anotherCampaigns(candidate: MemberId, nowMs: number): boolean {
    const candidacy = this.#candidacy;
    return candidacy !== undefined && candidacy.member !== candidate && nowMs < candidacy.untilMs;
  }

  refusePreVote(preVote: Received<PreVote>): void {
    this.#answerPreVote(preVote, false);
  }

  releaseAnswers(sequence: number): void {
    this.#durable = sequence;
    let released = 0;
    for (const answer of this.#waiting) {
      if (answer.sequence > sequence) break;
      this.#release(answer);
      released += 1;
    }
    if (released > 0) this.#waiting.splice(0, released);
    this.log.noteDurable(sequence);
  }

  install(records: readonly LogRecord[], through: Slot): void {
    const fresh = records.filter((record) => record.slot > this.log.chosenThrough);
    for (const record of fresh) this.log.put(record, this.#sequence + 1);
    this.log.markChosen(through);
    this.#append({ records: fresh });
    this.outbox.push({ type: "installed", through });
  }

  recordChosen(): void {
    if (this.log.chosenThrough > this.#appendedChosenThrough) this.#append({});
    else
      this.#answer({ sequence: this.#sequence, type: "chosen", through: this.log.chosenThrough });
  }

  noteCheckpoint(through: Slot): void {
    if (through > this.#checkpointThrough) this.#checkpointThrough = through;
  }

  /** Only what every member can restore from its checkpoint, and this one as well. */
  trim(trimThrough: Slot): void {
    const through = Math.min(
      trimThrough,
      this.#checkpointThrough,
      this.#durableChosenThrough,
      this.log.trimmedThrough + trimSlotsMax,
    );
    if (through <= this.log.trimmedThrough) return;
    this.log.noteTrimmed(through);
    this.#append({ trimThrough: through });
  }

  /** The log outgrew its bound: members that are behind will need a snapshot. */
  trimToCheckpoint(): void {
    this.trim(Number.MAX_SAFE_INTEGER);
  }

  toJSON(): Record<string, unknown> {
    return {
      promise: ballotText(this.#promise),
      lease: this.#lease && ballotText(this.#lease.ballot),
      chosenThrough: this.log.chosenThrough,
      trimmedThrough: this.log.trimmedThrough,
      checkpointThrough: this.#checkpointThrough,
      waiting: this.#waiting.length,
    };
  }

  #highestFollowed(): Ballot {
    const leased = this.#lease?.ballot;
    return leased !== undefined && compareBallots(leased, this.#promise) > 0
      ? leased
      : this.#promise;
  }

  #raisePromise(ballot: Ballot): void {
    if (compareBallots(ballot, this.#promise) > 0) this.#promise = ballot;
  }

  #appendIfNeeded(): void {
    if (compareBallots(this.#promise, this.#appendedPromise) > 0) this.#append({});
  }

  /**
   * Every append brings along the promise and `chosenThrough`, if they are ahead of the disk. Only an accepted record
   * under a promise that is on disk already lets `chosenThrough` lag: the group's head stays as it is, which saves a
   * page of nearly every commit. The learner has it recorded soon after; a restart before that learns a little again.
   */
  #append(change: LogAppend, chosenMayLag = false): void {
    this.#sequence += 1;
    const sequence = this.#sequence;
    let complete = change;
    const promises = compareBallots(this.#promise, this.#appendedPromise) > 0;
    if (promises) {
      complete = { ...complete, promise: this.#promise };
      this.#appendedPromise = this.#promise;
    }
    const chosenThrough = this.log.chosenThrough;
    const headStays = chosenMayLag && !promises;
    if (chosenThrough > this.#appendedChosenThrough && !headStays) {
      complete = { ...complete, chosenThrough };
      this.#appendedChosenThrough = chosenThrough;
    }
    this.outbox.push({ type: "append", sequence, change: complete });
    if (complete.chosenThrough !== undefined) {
      this.#answer({ sequence, type: "chosen", through: chosenThrough });
    }
  }

  #answer(answer: Waiting): void {
    if (answer.sequence <= this.#durable) this.#release(answer);
    else this.#waiting.push(answer);
  }

  #release(answer: Waiting): void {
    switch (answer.type) {
      case "accepted":
        return this.#sendAccepted(answer.to, answer.ballot, answer.slot);
      case "promised":
        for (const chunk of answer.chunks) this.#send(answer.to, chunk);
        return;
      case "chosen":
        this.#durableChosenThrough = answer.through;
        this.#tellChosenDurable();
    }
  }

  #tellChosenDurable(): void {
    this.outbox.push({ type: "chosenDurable", through: this.#durableChosenThrough });
  }

  /** Slots that became durable together are answered together. */
  #sendAccepted(to: string, ballot: Ballot, slot: Slot): void {
    const last = this.outbox.at(-1);
    if (
      last?.type === "send" &&
      last.to === to &&
      last.message.type === "accepted" &&
      sameBallot(last.message.ballot, ballot)
    ) {
      const slots = [...last.message.slots, slot];
      this.outbox[this.outbox.length - 1] = { ...last, message: { ...last.message, slots } };
      return;
    }
    this.#send(to, {
      type: "accepted",
      ballot,
      slots: [slot],
      chosenThrough: this.log.chosenThrough,
    });
  }

  #answerPreVote({ from, attempt }: Received<PreVote>, granted: boolean): void {
    this.#send(from.node, {
      type: "preVoted",
      attempt,
      granted,
      highestRound: this.#highestFollowed().round,
      chosenThrough: this.log.chosenThrough,
      compactedThrough: this.log.trimmedThrough,
    });
  }

  #send(to: string, message: ReplicaMessage): void {
    this.outbox.push({ type: "send", to, message });
  }
}

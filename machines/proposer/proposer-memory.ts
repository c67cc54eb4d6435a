/** What one proposer remembers between events, and what it decides. */
import {
  ballotText,
  compareBallots,
  noBallot,
  type Ballot,
  type MemberId,
  type Round,
} from "../ballot.ts";
import type { Configuration, Member } from "../configuration.ts";
import { invariant, present } from "../invariant.ts";
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
import type { LogRecord } from "../record.ts";
import type { LogView } from "../replica-log.ts";
import { Campaign } from "./campaign.ts";
import { Preference } from "./preference.ts";
import type { ProposerDeadline, ProposerEffect, Timed } from "./proposer-events.ts";
import { Reign } from "./reign.ts";

export interface ProposerInput {
  readonly self: Member;
  readonly configuration: Configuration;
  readonly log: LogView;
  /** The own acceptor's promise: a new round lies above it. */
  readonly acceptor: { readonly promise: Ballot };
  /** Uniform in [0, 1): staggers candidates. */
  readonly random: () => number;
  /** The entry that fills a gap and opens a reign: it changes no state. */
  readonly noOp: Uint8Array;
}

export const heartbeatIntervalMs = 100;
const campaignResendMs = 150;
const campaignResendsMax = 3;
/** Members campaign in order of preference, so that the preferred one is rarely contested: an election takes less. */
const rankDelayMs = 50;
const jitterMs = 20;
const preferenceIntervalMs = 1_000;
const lagSlotsMax = 64;
/** Rounds are only followed this far: see the acceptor. */
const roundJumpMax = 2 ** 20;

export class Proposer {
  readonly outbox: ProposerEffect[] = [];
  readonly self: Member;
  readonly configuration: Configuration;
  readonly #log: LogView;
  readonly #acceptor: { readonly promise: Ballot };
  readonly #random: () => number;
  readonly #noOp: Uint8Array;

  /** Deadlines that may still come. */
  readonly #armed = new Set<ProposerDeadline>();
  #attempts = 0;
  #campaign: Campaign | undefined;
  /** Set from the phase 1 quorum until the ballot is abandoned. */
  #reign: Reign | undefined;
  #serving = false;
  /** The leader heard last; undefined from the moment its heartbeats stay out. */
  #leader: { readonly ballot: Ballot; readonly node: string } | undefined;
  /** Highest ballot any leader was heard with. */
  #leaderBallot: Ballot = noBallot;
  /** Highest round met anywhere: the next attempt lies above it. */
  #highestRound: Round = 0;
  /** Ballot whose holder handed over to this member. */
  #ended: Ballot | undefined;
  #successor: Member | undefined;
  /** Said again until the successor is heard, or this member campaigns itself. */
  #handOver: { readonly to: string; readonly message: HandOver } | undefined;
  /** Campaigns since a leader was last heard that did not even find a quorum to talk to. */
  #lonelyCampaigns = 0;
  readonly #preference: Preference;

  constructor(input: ProposerInput) {
    this.self = input.self;
    this.configuration = input.configuration;
    this.#preference = new Preference(input.configuration.members, input.self.member);
    this.#log = input.log;
    this.#acceptor = input.acceptor;
    this.#random = input.random;
    this.#noOp = input.noOp;
  }

  /** The reign while new proposals and reads are allowed. */
  get serving(): Reign | undefined {
    return this.#serving ? this.#reign : undefined;
  }

  get reign(): Reign | undefined {
    return this.#reign;
  }

  get leader(): { readonly ballot: Ballot; readonly node: string } | undefined {
    return this.#reign === undefined
      ? this.#leader
      : { ballot: this.#reign.ballot, node: this.self.node };
  }

  /** Where clients should turn: the successor during a hand-over, else the leader, if one is known. */
  get hint(): string | undefined {
    return this.#successor?.node ?? this.leader?.node;
  }

  /** No leader is known, and the last campaign found too few members to elect one. */
  get lacksQuorum(): boolean {
    return this.leader === undefined && this.#lonelyCampaigns > 0;
  }

  // Waiting for a leader

  forgetDeadlines(): void {
    for (const name of ["election", "campaign", "holdBack", "handOver"] as const) {
      this.#deadline(name, undefined);
    }
  }

  forgetLeader(): void {
    this.#leader = undefined;
  }

  awaitLeader(nowMs: number): void {
    this.#deadline("campaign", undefined);
    const patienceMs = this.#leader === undefined ? 0 : this.configuration.leaseMs;
    const backoffMs = Math.min(this.#lonelyCampaigns, 8) * rankDelayMs;
    this.#deadline(
      "election",
      nowMs + patienceMs + this.#rank() * rankDelayMs + backoffMs + this.#random() * jitterMs,
    );
  }

  /** How many members campaign before this one, should the leader be missed: that one itself does not. */
  #rank(): number {
    const candidates = this.configuration.members.filter(
      ({ member }) => member !== this.#leader?.ballot.member || member === this.self.member,
    );
    return candidates.findIndex(({ member }) => member === this.self.member);
  }

  leaderIsCurrent(ballot: Ballot): boolean {
    return compareBallots(ballot, this.#leaderBallot) >= 0;
  }

  leaderIsNewer(ballot: Ballot): boolean {
    return compareBallots(ballot, present(this.#reign, "a leader has a reign").ballot) > 0;
  }

  noteLeader(ballot: Ballot, node: string): void {
    this.#leader = { ballot, node };
    this.#leaderBallot = ballot;
    this.#lonelyCampaigns = 0;
    this.#deadline("handOver", undefined);
    this.#noteRound(ballot.round);
  }

  noteRejection({ promised, from, nowMs }: Received<Rejected>): void {
    this.#noteRound(promised.round);
    this.#reign?.lease.noteRefusal(from.member, nowMs);
  }

  // Campaigning

  handedOverByTheLeader(ballot: Ballot): boolean {
    return this.leaderIsCurrent(ballot) && ballot.member !== this.self.member;
  }

  rememberEnded(ballot: Ballot): void {
    this.#ended = ballot;
    this.#leaderBallot = ballot;
    this.#leader = undefined;
  }

  askForPreVotes(nowMs: number): void {
    this.#attempts += 1;
    this.#campaign = new Campaign(this.configuration, this.#attempts, this.#ended);
    this.#ended = undefined;
    this.#deadline("election", undefined);
    this.#deadline("handOver", undefined);
    this.#sendCampaign(nowMs);
  }

  notePreVote(answer: Received<PreVoted>): void {
    const campaign = this.#currentCampaign();
    campaign.notePreVote(answer);
    this.#noteRound(answer.highestRound);
    if (answer.compactedThrough <= this.#log.chosenThrough || answer.granted) return;
    this.outbox.push({ type: "learn", through: answer.chosenThrough, node: answer.from.node });
  }

  hasPreVoteQuorum(): boolean {
    return this.#currentCampaign().hasPreVoteQuorum;
  }

  campaignIsHopeless(): boolean {
    return this.#currentCampaign().resends >= campaignResendsMax;
  }

  resendCampaign(nowMs: number): void {
    this.#currentCampaign().resends += 1;
    this.#sendCampaign(nowMs);
  }

  endCampaign(): void {
    const campaign = this.#currentCampaign();
    if (campaign.ballot === undefined && campaign.heardFrom < this.configuration.phase1) {
      this.#lonelyCampaigns += 1;
    } else {
      this.#lonelyCampaigns = 0;
    }
  }

  /** Its round is above any the acceptor ever made durable; only that acceptor hears of it for now. */
  prepareOwnAcceptor(nowMs: number): void {
    this.abandonBallot();
    this.#campaign ??= new Campaign(this.configuration, ++this.#attempts, undefined);
    const round = Math.max(this.#highestRound, this.#acceptor.promise.round) + 1;
    const fromSlot = this.#log.chosenThrough + 1;
    const ballot = this.#campaign.begin(round, this.self.member, fromSlot);
    this.#noteRound(round);
    this.#send(this.self.node, { type: "prepare", ballot, fromSlot, ended: this.#campaign.ended });
    this.#deadline("campaign", nowMs + campaignResendMs * (campaignResendsMax + 1));
    this.#campaign.resends = campaignResendsMax;
  }

  notePromise(promised: Received<Promised>): void {
    this.#currentCampaign().notePromise(promised);
  }

  hasOwnPromise(): boolean {
    return this.#currentCampaign().hasPromiseOf(this.self.member);
  }

  prepareOthers(nowMs: number): void {
    this.#currentCampaign().resends = 0;
    this.#sendCampaign(nowMs);
  }

  promisedHigherElsewhere({ ballot, promised }: Received<Rejected>): boolean {
    const own = this.#reign?.ballot ?? this.#campaign?.ballot;
    return (
      own !== undefined && compareBallots(ballot, own) === 0 && compareBallots(promised, own) > 0
    );
  }

  hasPhase1Quorum(): boolean {
    return this.#currentCampaign().hasPhase1Quorum;
  }

  mustLearnFirst(): boolean {
    const campaign = this.#currentCampaign();
    return campaign.hasPhase1Quorum && campaign.learnThrough > this.#log.chosenThrough;
  }

  // Leading

  /** The phase 1 quorum is complete: heartbeats begin, although nothing may be proposed or read yet. */
  ascendThrone({ nowMs, wallMs }: Timed): void {
    const { ballot } = this.#currentCampaign();
    this.#reign = new Reign(this.configuration, present(ballot, "phase 1 has a ballot"), nowMs);
    this.#leaderBallot = this.#reign.ballot;
    this.#lonelyCampaigns = 0;
    this.#deadline("campaign", undefined);
    this.sendHeartbeat({ nowMs, wallMs });
  }

  learnFirst(nowMs: number): void {
    const { learnThrough, learnFrom } = this.#currentCampaign();
    const node = present(learnFrom, "an answer named what is known chosen");
    this.outbox.push({ type: "learn", through: learnThrough, node });
    this.#deadline("patience", nowMs + 3 * this.configuration.leaseMs);
  }

  hasLearned(): boolean {
    return this.#log.chosenThrough >= this.#currentCampaign().learnThrough;
  }

  /**
   * Proposes again what the quorum's answers listed, fills gaps with no-ops, and closes with a no-op of its own:
   * once that is applied, everything an earlier leader may have answered for is applied too.
   */
  takeOver(nowMs: number): void {
    const reign = this.#currentReign();
    const selected = this.#currentCampaign().selectedAbove(this.#log.chosenThrough);
    let highest = this.#log.chosenThrough;
    for (const slot of selected.keys()) highest = Math.max(highest, slot);
    reign.open(this.#log.chosenThrough, highest + 1);
    const entries: Uint8Array[] = [];
    for (let slot = this.#log.chosenThrough + 1; slot <= highest; slot++) {
      entries.push(selected.get(slot)?.entry ?? this.#noOp);
    }
    this.#campaign = undefined;
    this.#serving = true;
    this.#proposeAll([...entries, this.#noOp], nowMs);
    this.#deadline("patience", undefined);
    this.#deadline("resend", nowMs + reign.window.resendIntervalMs);
    this.outbox.push({ type: "serving", ballot: reign.ballot });
  }

  propose(entries: readonly Uint8Array[], nowMs: number): void {
    this.#proposeAll(entries, nowMs);
  }

  countVotes({ from, ballot, slots }: Received<Accepted>): void {
    const reign = this.#currentReign();
    if (compareBallots(ballot, reign.ballot) !== 0) return;
    if (!reign.window.vote(from.member, slots)) return;
    this.outbox.push({ type: "chosen", ballot, through: reign.window.commitIndex });
  }

  /** Whatever it votes for is chosen already, or was never this reign's to count. */
  needsNoVote({ ballot, slots }: Accepted): boolean {
    const reign = this.#reign;
    if (reign === undefined || compareBallots(ballot, reign.ballot) !== 0) return true;
    return reign.opened && slots.every((slot) => slot <= reign.window.commitIndex);
  }

  renewLease(acked: Received<HeartbeatAcked>): void {
    const reign = this.#currentReign();
    if (compareBallots(acked.ballot, reign.ballot) !== 0) return;
    if (acked.checksumSlot > 0) {
      reign.checksums.report(acked.from.member, acked.checksumSlot, acked.checksum);
    }
    if (reign.lease.acknowledge(acked)) this.outbox.push({ type: "confirmed" });
  }

  sendHeartbeat({ nowMs, wallMs }: Timed): void {
    const { ballot, lease, checksums, opened, isComplete } = this.#currentReign();
    const asOfMs = isComplete && lease.holds(nowMs, wallMs) ? lease.physicalMs(nowMs) : undefined;
    const { slot: checksumSlot, checksum } = checksums.agreed;
    const commitIndex = opened ? this.#currentReign().window.commitIndex : this.#log.chosenThrough;
    this.#broadcast({
      type: "heartbeat",
      ballot,
      beat: lease.nextBeat(nowMs, wallMs, commitIndex),
      commitIndex,
      trimThrough: lease.checkpointedEverywhere(),
      asOfMs: Math.floor(asOfMs ?? 0),
      checksumSlot,
      checksum,
    });
    this.#deadline("heartbeat", nowMs + heartbeatIntervalMs);
  }

  resendAccepts(nowMs: number): void {
    const { window } = this.#currentReign();
    for (const { record, members } of window.dueResends(nowMs, this.self.member)) {
      for (const { node } of members) this.#send(node, this.#acceptMessage(record));
    }
    this.#deadline("resend", nowMs + window.resendIntervalMs);
  }

  /**
   * Enough members still acknowledge heartbeats to win with a higher ballot at once; or, where phase 1 takes more
   * members than phase 2, those that refuse make up the rest. They are there, and a leader that went on without
   * them would never lead them again: they refuse all it says, and too few are left to elect another.
   */
  refusedButAcknowledged(rejected: Received<Rejected>): boolean {
    if (!this.promisedHigherElsewhere(rejected)) return false;
    const { phase1, phase2, leaseMs } = this.configuration;
    const { from, nowMs } = rejected;
    const withUs = this.#stillWithUs(rejected);
    if (withUs >= phase1 || withUs < phase2) return withUs >= phase1;
    const refusers = this.#currentReign().lease.refusedBy(nowMs, leaseMs, from.member) + 1;
    return withUs + refusers >= phase1;
  }

  refusedButAccepted(rejected: Received<Rejected>): boolean {
    return (
      this.promisedHigherElsewhere(rejected) &&
      this.#stillWithUs(rejected) >= this.configuration.phase2
    );
  }

  refusedByTooMany(rejected: Received<Rejected>): boolean {
    return this.promisedHigherElsewhere(rejected);
  }

  quorumIsLost(nowMs: number): boolean {
    const { lease, startedMs } = this.#currentReign();
    const patienceMs = 2 * this.configuration.leaseMs;
    if (nowMs - startedMs < patienceMs) return false;
    return lease.heardFrom(nowMs, patienceMs) < this.configuration.phase2;
  }

  proposalIsStuck(nowMs: number): boolean {
    const oldest = this.#currentReign().window.oldestProposedMs;
    return oldest !== undefined && nowMs - oldest > 3 * this.configuration.leaseMs;
  }

  abandonBallot(): void {
    const inFlight = this.#reign?.opened === true && this.#reign.window.inFlight > 0;
    this.#reign = undefined;
    this.#successor = undefined;
    this.#preference.forget();
    for (const name of ["heartbeat", "resend", "preference", "patience"] as const) {
      this.#deadline(name, undefined);
    }
    if (inFlight) this.outbox.push({ type: "inFlightAbandoned" });
  }

  stopServing(): void {
    this.#serving = false;
    this.outbox.push({ type: "stoppedServing" });
  }

  holdBack(nowMs: number): void {
    const delayMs = this.configuration.leaseMs * (1 + 2 * this.#random());
    this.#deadline("holdBack", nowMs + delayMs);
  }

  // Handing over

  awaitPreference(nowMs: number): void {
    this.#preference.look((member) => this.#keepsUp(member, nowMs), nowMs);
    if (this.#preference.isAnothers) this.#deadline("preference", nowMs + preferenceIntervalMs);
  }

  preferredLeaderIsReady(nowMs: number): boolean {
    return this.#preference.isReady((member) => this.#keepsUp(member, nowMs), nowMs);
  }

  choosePreferred(nowMs: number): void {
    this.#beginHandOver(this.#preference.choose(nowMs), nowMs);
  }

  successorVotes(member: MemberId, nowMs: number): boolean {
    return member !== this.self.member && this.#keepsUp(member, nowMs);
  }

  chooseSuccessor(member: MemberId, nowMs: number): void {
    const successor = this.configuration.members.find((candidate) => candidate.member === member);
    this.#beginHandOver(present(successor, "the successor is a member"), nowMs);
  }

  nothingInFlight(): boolean {
    return this.#currentReign().window.inFlight === 0;
  }

  /** There is no way back from here: late acknowledgements of this ballot mean nothing any more. */
  handOver(nowMs: number): void {
    const { ballot, window } = this.#currentReign();
    const { node } = present(this.#successor, "a hand-over has a successor");
    const message: HandOver = { type: "handOver", ballot, commitIndex: window.commitIndex };
    this.#handOver = { to: node, message };
    this.#leader = { ballot, node };
    this.sayHandOver(nowMs);
  }

  sayHandOver(nowMs: number): void {
    const { to, message } = present(this.#handOver, "a hand-over was said before");
    this.#send(to, message);
    this.#deadline("handOver", nowMs + campaignResendMs);
  }

  toJSON(): Record<string, unknown> {
    return {
      leader: this.leader && { node: this.leader.node, ballot: ballotText(this.leader.ballot) },
      highestRound: this.#highestRound,
      inFlight: this.#reign?.opened === true ? this.#reign.window.inFlight : 0,
      campaigns: this.#attempts,
    };
  }

  #beginHandOver(successor: Member, nowMs: number): void {
    this.#successor = successor;
    this.#deadline("patience", nowMs + this.configuration.leaseMs);
  }

  #keepsUp(member: MemberId, nowMs: number): boolean {
    const acknowledgement = this.#currentReign().lease.acknowledgement(member);
    if (acknowledgement === undefined) return false;
    const { receivedMs, appliedThrough, commitIndex } = acknowledgement;
    return (
      nowMs - receivedMs <= 3 * heartbeatIntervalMs && appliedThrough + lagSlotsMax >= commitIndex
    );
  }

  #stillWithUs({ from, nowMs }: Received<Rejected>): number {
    return this.#currentReign().lease.heardFrom(nowMs, this.configuration.leaseMs, from.member);
  }

  #proposeAll(entries: readonly Uint8Array[], nowMs: number): void {
    const { window } = this.#currentReign();
    for (const entry of entries) this.#broadcast(this.#acceptMessage(window.add(entry, nowMs)));
  }

  #acceptMessage(record: LogRecord): ReplicaMessage {
    const { window } = this.#currentReign();
    return {
      type: "accept",
      ballot: window.ballot,
      slot: record.slot,
      commitIndex: window.commitIndex,
      entry: record.entry,
    };
  }

  #sendCampaign(nowMs: number): void {
    const { attempt, ballot, ended, fromSlot } = this.#currentCampaign();
    if (ballot === undefined) {
      const watermark = this.#log.chosenThrough;
      this.#broadcast({ type: "preVote", attempt, watermark, ended });
    } else {
      this.#broadcast({ type: "prepare", ballot, fromSlot, ended }, false);
    }
    this.#deadline("campaign", nowMs + campaignResendMs);
  }

  #noteRound(round: Round): void {
    if (round > this.#acceptor.promise.round + roundJumpMax) return;
    if (round > this.#highestRound) this.#highestRound = round;
  }

  #currentCampaign(): Campaign {
    return present(this.#campaign, "a candidate has a campaign");
  }

  #currentReign(): Reign {
    invariant(this.#reign !== undefined, "a leader has a reign");
    return this.#reign;
  }

  #deadline(name: ProposerDeadline, atMs: number | undefined): void {
    if (atMs === undefined && !this.#armed.delete(name)) return;
    if (atMs !== undefined) this.#armed.add(name);
    this.outbox.push({ type: "deadline", name, atMs });
  }

  #broadcast(message: ReplicaMessage, includingSelf = true): void {
    this.outbox.push({ type: "broadcast", message, includingSelf });
  }

  #send(to: string, message: ReplicaMessage): void {
    this.outbox.push({ type: "send", to, message });
  }
}

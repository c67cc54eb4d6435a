/** What one learner remembers: how far the log is chosen, applied and wanted. */
import { compareBallots, noBallot, sameBallot, type Ballot, type Slot } from "../ballot.ts";
import type { Configuration, Member } from "../configuration.ts";
import { invariant } from "../invariant.ts";
import type { Learned, LearnRequest, Received, ReplicaMessage } from "../messages.ts";
import type { LogRecord } from "../record.ts";
import type { ReplicaLog } from "../replica-log.ts";
import type { LearnerView } from "./learner-view.ts";

export type LearnerDeadline = "learn" | "settle";

export type LearnerEvent =
  /** Everything up to `through` is chosen; whoever holds a slot at `ballot` holds the chosen value. */
  | {
      readonly type: "committed";
      readonly ballot: Ballot;
      readonly through: Slot;
      readonly node: string;
      readonly nowMs: number;
    }
  /** The proposer, or a refused pre-vote, wants everything up to `through`; `node` has it. */
  | {
      readonly type: "learn";
      readonly through: Slot;
      readonly node: string;
      readonly nowMs: number;
    }
  | Received<Learned>
  | Received<LearnRequest>
  /** The acceptor stored what was learned. */
  | { readonly type: "installed"; readonly through: Slot; readonly nowMs: number }
  | {
      readonly type: "applied";
      readonly through: Slot;
      readonly nowMs: number;
      /** The newest compared slot that was passed, with the state's checksum there. */
      readonly checksumSlot: Slot;
      readonly checksum: number;
    }
  | { readonly type: "checksumAgreed"; readonly slot: Slot; readonly checksum: number }
  | { readonly type: "deadline"; readonly name: LearnerDeadline; readonly nowMs: number };

export type LearnerEffect =
  | { readonly type: "send"; readonly to: string; readonly message: ReplicaMessage }
  | { readonly type: "apply"; readonly through: Slot }
  /** Reads chosen records from the log and sends them. */
  | {
      readonly type: "serveLog";
      readonly to: string;
      readonly from: Slot;
      readonly through: Slot;
      readonly ballots: readonly (Ballot | undefined)[];
    }
  | { readonly type: "install"; readonly records: readonly LogRecord[]; readonly through: Slot }
  | { readonly type: "recordChosen" }
  | { readonly type: "caughtUp"; readonly through: Slot }
  | { readonly type: "ready" }
  | { readonly type: "needsSnapshot" }
  | {
      readonly type: "deadline";
      readonly name: LearnerDeadline;
      readonly atMs: number | undefined;
    };

export interface LearnerInput {
  readonly self: Member;
  readonly configuration: Configuration;
  readonly log: ReplicaLog;
  /** What the newest checkpoint contains. */
  readonly checkpointThrough: Slot;
}

/** Slots asked for at once; the answer is bounded in bytes by whoever serves it. */
const learnSlotsMax = 512;
const learnTimeoutMs = 250;
const settleDelayMs = 200;
/** Rounds through all members without progress, one of them having compacted its log, before giving up on logs. */
const fruitlessRoundsMax = 3;

export class Learner implements LearnerView {
  readonly outbox: LearnerEffect[] = [];
  readonly #self: Member;
  readonly #configuration: Configuration;
  readonly #log: ReplicaLog;
  readonly #checkpointThrough: Slot;
  /** What the disk knew to be chosen when the replica started. */
  readonly #replayThrough: Slot;

  /** Every slot up to it is applied, in order, once. Never above the log's `chosenThrough`. */
  #appliedThrough: Slot;
  /** The commit index under the highest ballot heard. */
  #commit: { readonly ballot: Ballot; readonly through: Slot } = { ballot: noBallot, through: 0 };
  /** What the proposer waits for. */
  #wantedThrough: Slot = 0;
  /** Whoever last claimed to know more. */
  #source: string | undefined;
  /** Whom this search asked last: the leader's heartbeats go on naming the leader, who may not be the one to answer. */
  #asked: string | undefined;
  #fruitlessAsks = 0;
  readonly #compactedAt = new Set<string>();
  /** Nothing can be applied any more: entries between checkpoint and log are missing. */
  #stateIsGone = false;
  #settling = false;
  #settledThrough: Slot;
  #checksums: { readonly slot: Slot; readonly checksum: number }[] = [];

  constructor(input: LearnerInput) {
    this.#self = input.self;
    this.#configuration = input.configuration;
    this.#log = input.log;
    this.#checkpointThrough = input.checkpointThrough;
    this.#appliedThrough = input.checkpointThrough;
    this.#replayThrough = Math.max(input.log.chosenThrough, input.checkpointThrough);
    this.#settledThrough = input.log.chosenThrough;
  }

  get appliedThrough(): Slot {
    return this.#appliedThrough;
  }

  get checksumSlot(): Slot {
    return this.#checksums.at(-1)?.slot ?? 0;
  }

  get checksum(): number {
    return this.#checksums.at(-1)?.checksum ?? 0;
  }

  /** Records between checkpoint and log are gone: the state was lost, or never fetched. */
  lacksAppliedState(): boolean {
    return this.#checkpointThrough < this.#log.trimmedThrough;
  }

  replay(): void {
    invariant(
      this.#checkpointThrough <= this.#log.chosenThrough,
      "a checkpoint contains only what the log durably knows to be chosen",
      { checkpoint: this.#checkpointThrough, chosenThrough: this.#log.chosenThrough },
    );
    if (this.#appliedThrough < this.#replayThrough) this.#apply();
  }

  hasReplayed(): boolean {
    return this.#appliedThrough >= this.#replayThrough;
  }

  announceReady(): void {
    this.outbox.push({ type: "ready" });
  }

  announceNeedsSnapshot(): void {
    this.#stateIsGone = true;
    this.outbox.push({ type: "needsSnapshot" });
  }

  /**
   * A slot at or below the commit index counts as chosen from the own log only if its copy carries the ballot of the
   * message that brought the index; others are learned.
   */
  noteCommitted(ballot: Ballot, through: Slot, node: string): void {
    const order = compareBallots(ballot, this.#commit.ballot);
    if (order < 0) return;
    if (order > 0 || through > this.#commit.through) this.#commit = { ballot, through };
    if (node !== this.#self.node) this.#source = node;
    this.#advance();
  }

  noteWanted(through: Slot, node: string): void {
    if (through > this.#wantedThrough) this.#wantedThrough = through;
    this.#source = node;
    if (this.#log.chosenThrough >= this.#wantedThrough) this.answerWanted();
  }

  answerWanted(): void {
    if (this.#wantedThrough === 0 || this.#log.chosenThrough < this.#wantedThrough) return;
    this.outbox.push({ type: "caughtUp", through: this.#log.chosenThrough });
    this.#wantedThrough = 0;
  }

  noteApplied(through: Slot, checksumSlot: Slot, checksum: number, nowMs: number): void {
    invariant(
      through >= this.#appliedThrough && through <= this.#log.chosenThrough,
      "entries are applied in order and only once chosen",
      { through, applied: this.#appliedThrough, chosen: this.#log.chosenThrough },
    );
    this.#appliedThrough = through;
    this.#log.release(through);
    if (checksumSlot > this.checksumSlot) {
      this.#checksums = [...this.#checksums.slice(-1), { slot: checksumSlot, checksum }];
    }
    if (this.#settling || this.#log.chosenThrough <= this.#settledThrough) return;
    this.#settling = true;
    this.outbox.push({ type: "deadline", name: "settle", atMs: nowMs + settleDelayMs });
  }

  /** Accepted records do not carry `chosenThrough` to the disk by themselves. */
  settle(): void {
    this.#settling = false;
    this.#settledThrough = this.#log.chosenThrough;
    this.outbox.push({ type: "recordChosen" });
  }

  compareChecksum(slot: Slot, checksum: number): void {
    const own = this.#checksums.find((candidate) => candidate.slot === slot);
    invariant(
      own === undefined || own.checksum === checksum,
      "replicas that applied the same entries hold the same state",
      { slot, own: own?.checksum, agreed: checksum },
    );
  }

  hasGap(): boolean {
    return this.#missingThrough() > this.#log.chosenThrough;
  }

  askForMissing(nowMs: number): void {
    if (!this.hasGap()) return;
    const from = this.#log.chosenThrough + 1;
    const through = Math.min(this.#missingThrough(), from + learnSlotsMax - 1);
    const ballots: (Ballot | undefined)[] = [];
    for (let slot = from; slot <= through; slot++) ballots.push(this.#log.ballotOf(slot));
    this.#asked ??= this.#source ?? this.#others()[0] ?? this.#self.node;
    this.outbox.push({
      type: "send",
      to: this.#asked,
      message: { type: "learnRequest", fromSlot: from, throughSlot: through, ballots },
    });
    this.outbox.push({ type: "deadline", name: "learn", atMs: nowMs + learnTimeoutMs });
  }

  askElsewhere(nowMs: number): void {
    this.#fruitlessAsks += 1;
    const others = this.#others();
    const next = this.#asked === undefined ? 0 : others.indexOf(this.#asked) + 1;
    this.#asked = others[next % others.length];
    this.askForMissing(nowMs);
  }

  stopAsking(): void {
    this.#fruitlessAsks = 0;
    this.#asked = undefined;
    this.#compactedAt.clear();
    this.outbox.push({ type: "deadline", name: "learn", atMs: undefined });
  }

  /** Takes the part of the answer that continues what is chosen here; a learned value replaces the local record. */
  absorb(learned: Received<Learned>): void {
    if (learned.compactedThrough > this.#log.chosenThrough) {
      this.#compactedAt.add(learned.from.node);
    }
    const records: LogRecord[] = [];
    let through = this.#log.chosenThrough;
    for (const { slot, ballot, entry } of learned.slots) {
      if (slot <= through) continue;
      if (slot !== through + 1) break;
      const own = this.#log.ballotOf(slot);
      if (entry !== undefined) records.push({ epoch: ballot.epoch, slot, ballot, entry });
      else if (own === undefined || !sameBallot(own, ballot)) break;
      through = slot;
    }
    if (through === this.#log.chosenThrough) return;
    this.#fruitlessAsks = 0;
    this.outbox.push({ type: "install", records, through });
  }

  noteInstalled(): void {
    this.#advance();
    this.#apply();
  }

  logIsGoneEverywhere(): boolean {
    return (
      this.#compactedAt.size > 0 &&
      this.#fruitlessAsks >= fruitlessRoundsMax * this.#others().length
    );
  }

  /** Only what is known chosen here; the asker learns how far that is, and what is no longer kept. */
  serveLog({ from, fromSlot, throughSlot, ballots }: Received<LearnRequest>): void {
    this.outbox.push({
      type: "serveLog",
      to: from.node,
      from: fromSlot,
      through: Math.min(throughSlot, this.#log.chosenThrough),
      ballots,
    });
  }

  toJSON(): Record<string, unknown> {
    return {
      appliedThrough: this.#appliedThrough,
      chosenThrough: this.#log.chosenThrough,
      commitIndex: this.#commit.through,
      wantedThrough: this.#wantedThrough,
    };
  }

  #advance(): void {
    const { ballot, through } = this.#commit;
    let chosen = this.#log.chosenThrough;
    while (chosen < through) {
      const own = this.#log.ballotOf(chosen + 1);
      if (own === undefined || !sameBallot(own, ballot)) break;
      chosen += 1;
    }
    if (chosen === this.#log.chosenThrough) return;
    this.#log.markChosen(chosen);
    this.#apply();
  }

  #apply(): void {
    if (this.#stateIsGone) return this.#log.release(this.#log.chosenThrough);
    this.outbox.push({ type: "apply", through: this.#log.chosenThrough });
  }

  #missingThrough(): Slot {
    return Math.max(this.#commit.through, this.#wantedThrough);
  }

  #others(): readonly string[] {
    return this.#configuration.members
      .map(({ node }) => node)
      .filter((node) => node !== this.#self.node);
  }
}

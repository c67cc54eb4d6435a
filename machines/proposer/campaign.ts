/** One attempt to lead: pre-votes first, then promises, then what has to be proposed again. */
import { compareBallots, type Ballot, type Round, type Slot } from "../ballot.ts";
import { quorumsOf, type Configuration } from "../configuration.ts";
import type { PreVoted, Promised, Received, Sender } from "../messages.ts";
import type { LogRecord } from "../record.ts";
import { Votes } from "../votes.ts";

/** The chunks of one acceptor's newest answer; it counts as silent until all are there. */
interface Answer {
  readonly cut: number;
  readonly chunks: Map<number, Promised>;
}

export class Campaign {
  readonly #configuration: Configuration;
  readonly attempt: number;
  /** The ballot of the predecessor, when it handed over. */
  readonly ended: Ballot | undefined;
  readonly #preVotes: Votes;
  /** Members that answered at all. */
  readonly #heard: Votes;
  readonly #answers = new Map<number, Answer>();
  readonly #promises: Votes;
  /** Set when phase 1 begins. */
  #ballot: Ballot | undefined;
  #fromSlot: Slot = 0;
  #learnThrough: Slot = 0;
  #learnFrom: string | undefined;
  resends = 0;

  constructor(configuration: Configuration, attempt: number, ended: Ballot | undefined) {
    this.#configuration = configuration;
    this.attempt = attempt;
    this.ended = ended;
    this.#preVotes = new Votes(configuration);
    this.#heard = new Votes(configuration);
    this.#promises = new Votes(configuration);
  }

  get ballot(): Ballot | undefined {
    return this.#ballot;
  }

  get fromSlot(): Slot {
    return this.#fromSlot;
  }

  /** Slots up to here are chosen or compacted somewhere in the quorum: they are learned, never proposed. */
  get learnThrough(): Slot {
    return this.#learnThrough;
  }

  get learnFrom(): string | undefined {
    return this.#learnFrom;
  }

  get heardFrom(): number {
    return this.#heard.size;
  }

  begin(round: Round, member: number, fromSlot: Slot): Ballot {
    this.#ballot = { epoch: this.#configuration.epoch, round, member };
    this.#fromSlot = fromSlot;
    this.resends = 0;
    return this.#ballot;
  }

  notePreVote(answer: Received<PreVoted>): void {
    if (answer.attempt !== this.attempt) return;
    this.#heard.add(answer.from.member);
    if (answer.granted) this.#preVotes.add(answer.from.member);
  }

  get hasPreVoteQuorum(): boolean {
    return this.#preVotes.size >= quorumsOf(this.#configuration).preVote;
  }

  hasPromiseOf(member: number): boolean {
    return this.#promises.has(member);
  }

  /** Takes one chunk; those of another ballot or of an answer to another `fromSlot` are not ours. */
  notePromise(chunk: Received<Promised>): void {
    if (this.#ballot === undefined || compareBallots(chunk.ballot, this.#ballot) !== 0) return;
    if (chunk.fromSlot !== this.#fromSlot) return;
    const { member } = chunk.from;
    if (this.#promises.has(member)) return;
    let answer = this.#answers.get(member);
    if (answer !== undefined && chunk.cut < answer.cut) return;
    if (answer === undefined || chunk.cut > answer.cut) {
      answer = { cut: chunk.cut, chunks: new Map() };
      this.#answers.set(member, answer);
    }
    answer.chunks.set(chunk.chunk, chunk);
    if (answer.chunks.size < chunk.chunks) return;
    // Strangers have no say, neither in the quorum nor in what has to be learned.
    if (this.#promises.add(member)) this.#noteKnownChosen(chunk, chunk.from);
  }

  get hasPhase1Quorum(): boolean {
    return this.#promises.size >= quorumsOf(this.#configuration).phase1;
  }

  /**
   * For every slot behind `chosenThrough` that an answer lists, the value accepted at the highest ballot; gaps
   * below the highest are left out and are filled with no-ops (Paxos Made Simple 2.5 and 3).
   */
  selectedAbove(chosenThrough: Slot): Map<Slot, LogRecord> {
    const selected = new Map<Slot, LogRecord>();
    for (const [member, { chunks }] of this.#answers) {
      if (!this.#promises.has(member)) continue;
      for (const { records } of chunks.values()) {
        for (const record of records) {
          if (record.slot <= chosenThrough) continue;
          const best = selected.get(record.slot);
          if (best === undefined || compareBallots(record.ballot, best.ballot) > 0) {
            selected.set(record.slot, record);
          }
        }
      }
    }
    return selected;
  }

  #noteKnownChosen(answer: Promised, from: Sender): void {
    const through = Math.max(answer.chosenThrough, answer.compactedThrough);
    if (through <= this.#learnThrough) return;
    this.#learnThrough = through;
    this.#learnFrom = from.node;
  }
}

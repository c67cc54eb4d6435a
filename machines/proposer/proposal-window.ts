/** The slots a leader has proposed and that are not yet known chosen through, with their votes. */
import type { Ballot, MemberId, Slot } from "../ballot.ts";
import type { Configuration, Member } from "../configuration.ts";
import type { LogRecord } from "../record.ts";
import { Votes } from "../votes.ts";

interface Proposal {
  readonly record: LogRecord;
  readonly votes: Votes;
  readonly proposedMs: number;
  /** When it was sent last, and how often it was sent again. */
  sentMs: number;
  resends: number;
  chosen: boolean;
}

export interface Resend {
  readonly record: LogRecord;
  readonly members: readonly Member[];
}

/** Backs off from here, doubling, up to a lease length. */
const resendFirstMs = 100;

/** Records sent again in one turn; the rest follows in the next. */
const resendBytesMax = 2 ** 20;

export class ProposalWindow {
  readonly ballot: Ballot;
  readonly #configuration: Configuration;
  readonly #proposals = new Map<Slot, Proposal>();
  /** Every slot up to it is chosen; those above are in `#proposals`, without gaps. */
  #commitIndex: Slot;
  #nextSlot: Slot;

  constructor(configuration: Configuration, ballot: Ballot, chosenThrough: Slot) {
    this.#configuration = configuration;
    this.ballot = ballot;
    this.#commitIndex = chosenThrough;
    this.#nextSlot = chosenThrough + 1;
  }

  get commitIndex(): Slot {
    return this.#commitIndex;
  }

  get nextSlot(): Slot {
    return this.#nextSlot;
  }

  /** Slots proposed and not yet chosen through. */
  get inFlight(): number {
    return this.#proposals.size;
  }

  /** When the oldest slot that is still open was proposed. */
  get oldestProposedMs(): number | undefined {
    return this.#proposals.get(this.#commitIndex + 1)?.proposedMs;
  }

  /** Takes the next slot for the entry. */
  add(entry: Uint8Array, nowMs: number): LogRecord {
    const { ballot } = this;
    const record = { epoch: ballot.epoch, slot: this.#nextSlot, ballot, entry };
    this.#proposals.set(record.slot, {
      record,
      votes: new Votes(this.#configuration),
      proposedMs: nowMs,
      sentMs: nowMs,
      resends: 0,
      chosen: false,
    });
    this.#nextSlot += 1;
    return record;
  }

  /** Counts votes of one member; true when the commit index rose. */
  vote(member: MemberId, slots: readonly Slot[]): boolean {
    for (const slot of slots) {
      const proposal = this.#proposals.get(slot);
      if (proposal === undefined || !proposal.votes.add(member)) continue;
      if (proposal.votes.size >= this.#configuration.phase2) proposal.chosen = true;
    }
    const before = this.#commitIndex;
    while (this.#proposals.get(this.#commitIndex + 1)?.chosen === true) {
      this.#commitIndex += 1;
      this.#proposals.delete(this.#commitIndex);
    }
    return this.#commitIndex > before;
  }

  /** What has waited long enough to be sent again, and to whom. */
  dueResends(nowMs: number, self: MemberId): readonly Resend[] {
    const due: Resend[] = [];
    let bytes = 0;
    for (const proposal of this.#proposals.values()) {
      if (proposal.chosen || nowMs < proposal.sentMs + this.#resendDelayMs(proposal)) continue;
      const members = this.#configuration.members.filter(
        ({ member }) => member !== self && !proposal.votes.has(member),
      );
      proposal.sentMs = nowMs;
      proposal.resends += 1;
      due.push({ record: proposal.record, members });
      bytes += proposal.record.entry.length * members.length;
      if (bytes >= resendBytesMax) break;
    }
    return due;
  }

  get resendIntervalMs(): number {
    return resendFirstMs;
  }

  #resendDelayMs(proposal: Proposal): number {
    return Math.min(resendFirstMs * 2 ** proposal.resends, this.#configuration.leaseMs);
  }
}

/**
 * A replica's memory of its log: every record above what is both chosen and applied. Older records, and the
 * entries of records for which memory is short, are read from the log store when somebody asks for them.
 */
import { ballotText, sameBallot, type Ballot, type Slot } from "./ballot.ts";
import { invariant, present } from "./invariant.ts";
import { sameEntry, type LogRecord } from "./record.ts";

/** What the proposer and the learner see of the acceptor's log. */
export interface LogView {
  readonly chosenThrough: Slot;
  readonly trimmedThrough: Slot;
  readonly highestSlot: Slot;
  ballotOf(slot: Slot): Ballot | undefined;
  get(slot: Slot): LogRecord | undefined;
}

export interface ReplicaLogInput {
  readonly chosenThrough: Slot;
  readonly trimmedThrough: Slot;
  readonly unchosen: readonly LogRecord[];
  /** Entry bytes kept in memory; beyond them the oldest durable entries are read back from the store. */
  readonly bytesMax: number;
  /** Reads a durable record back. */
  readonly reload: (slot: Slot) => LogRecord | undefined;
}

interface Held {
  readonly ballot: Ballot;
  readonly bytes: number;
  /** The append that stores it. */
  readonly sequence: number;
  /** Undefined once spilled. */
  record: LogRecord | undefined;
}

export class ReplicaLog implements LogView {
  readonly #held = new Map<Slot, Held>();
  readonly #reload: (slot: Slot) => LogRecord | undefined;
  readonly #bytesMax: number;
  /** Bytes of the entries in memory. */
  #bytes = 0;
  /** Every slot up to it is chosen and the local record, if not trimmed, is the chosen value. Never decreases. */
  #chosenThrough: Slot;
  /** Every slot up to it is chosen, applied and durable, and no longer held. */
  #releasedThrough: Slot;
  /** Every slot up to it is chosen and applied. */
  #appliedThrough: Slot;
  /** Appends up to it are on disk. */
  #durableSequence = 0;
  /** Every slot up to it may be missing from the store. Never above `chosenThrough`. */
  #trimmedThrough: Slot;
  #highestSlot: Slot;

  constructor(input: ReplicaLogInput) {
    invariant(
      input.trimmedThrough <= input.chosenThrough,
      "nothing is trimmed that is not chosen",
      { trimmedThrough: input.trimmedThrough, chosenThrough: input.chosenThrough },
    );
    this.#reload = input.reload;
    this.#bytesMax = input.bytesMax;
    this.#chosenThrough = input.chosenThrough;
    this.#releasedThrough = input.chosenThrough;
    this.#appliedThrough = input.chosenThrough;
    this.#trimmedThrough = input.trimmedThrough;
    this.#highestSlot = input.chosenThrough;
    for (const record of input.unchosen) this.put(record, 0);
  }

  get chosenThrough(): Slot {
    return this.#chosenThrough;
  }

  get trimmedThrough(): Slot {
    return this.#trimmedThrough;
  }

  get highestSlot(): Slot {
    return this.#highestSlot;
  }

  ballotOf(slot: Slot): Ballot | undefined {
    return this.#held.get(slot)?.ballot;
  }

  get(slot: Slot): LogRecord | undefined {
    const held = this.#held.get(slot);
    if (held === undefined) return undefined;
    return held.record ?? present(this.#reload(slot), "a spilled record is in the store");
  }

  /** Holds an accepted or learned record above what is known chosen; append `sequence` stores it. */
  put(record: LogRecord, sequence: number): void {
    const { slot, ballot } = record;
    invariant(slot > this.#chosenThrough, "a chosen record is never replaced", {
      slot,
      chosenThrough: this.#chosenThrough,
    });
    this.#drop(slot);
    const bytes = record.entry.length;
    this.#held.set(slot, { ballot, bytes, sequence, record });
    this.#bytes += bytes;
    if (slot > this.#highestSlot) this.#highestSlot = slot;
  }

  /** Marks slots as chosen; the caller knows that each local record up to `through` is the chosen value. */
  markChosen(through: Slot): void {
    for (let slot = this.#chosenThrough + 1; slot <= through; slot++) {
      invariant(this.#held.has(slot), "a slot is marked chosen only with its value at hand", {
        slot,
      });
    }
    if (through > this.#chosenThrough) this.#chosenThrough = through;
  }

  /** Records from `from` on that are not known chosen, ascending. */
  unchosen(from: Slot): readonly LogRecord[] {
    const first = Math.max(from, this.#chosenThrough + 1);
    return [...this.#held.keys()]
      .filter((slot) => slot >= first)
      .sort((left, right) => left - right)
      .map((slot) => present(this.get(slot), "a held slot has a record"));
  }

  /** Applied records are forgotten in memory as soon as they are on disk; they stay there until they are trimmed. */
  release(appliedThrough: Slot): void {
    const through = Math.min(appliedThrough, this.#chosenThrough);
    if (through > this.#appliedThrough) this.#appliedThrough = through;
    this.#releaseDurable();
  }

  /** Everything up to append `sequence` is on disk and can be read back from there. */
  noteDurable(sequence: number): void {
    this.#durableSequence = sequence;
    this.#releaseDurable();
    this.#spill();
  }

  noteTrimmed(through: Slot): void {
    invariant(through <= this.#chosenThrough, "nothing is trimmed that is not chosen", {
      through,
      chosenThrough: this.#chosenThrough,
    });
    if (through > this.#trimmedThrough) this.#trimmedThrough = through;
  }

  /**
   * A record whose append is on its way is kept, applied or not: in its place the store may still hold what was
   * accepted there before, and whoever asks for the chosen value would be given that.
   */
  #releaseDurable(): void {
    while (this.#releasedThrough < this.#appliedThrough) {
      const slot = this.#releasedThrough + 1;
      const held = this.#held.get(slot);
      if (held !== undefined && held.sequence > this.#durableSequence) return;
      this.#drop(slot);
      this.#releasedThrough = slot;
    }
  }

  /**
   * Lets go of durable entries while too many bytes are held. A replica far behind the others holds what it accepts
   * above the gap for as long as the gap lasts.
   */
  #spill(): void {
    if (this.#bytes <= this.#bytesMax) return;
    for (const held of this.#held.values()) {
      if (held.record === undefined || held.sequence > this.#durableSequence) continue;
      held.record = undefined;
      this.#bytes -= held.bytes;
      if (this.#bytes <= this.#bytesMax / 2) return;
    }
  }

  #drop(slot: Slot): void {
    const held = this.#held.get(slot);
    if (held === undefined) return;
    if (held.record !== undefined) this.#bytes -= held.bytes;
    this.#held.delete(slot);
  }
}

/** Two values under one ballot and slot mean that somebody broke the protocol: nothing may be trusted then. */
export function assertSameProposal(stored: LogRecord, ballot: Ballot, entry: Uint8Array): void {
  invariant(
    !sameBallot(stored.ballot, ballot) || sameEntry(stored.entry, entry),
    "a ballot proposes one value per slot",
    { slot: stored.slot, ballot: ballotText(ballot) },
  );
}

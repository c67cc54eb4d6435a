/** What the store knows of one group's part of the log: how far it reaches, and where its records lie. */
import { compareBallots, type Ballot, type Slot } from "../../machines/ballot.ts";
import type { SettledSpan } from "./log-environment.ts";
import { SlotPlaces } from "./journal/slot-places.ts";
import type { Head } from "./record-format.ts";

/** The records of one epoch. */
export interface EpochLog {
  /** Those in the journal: newer than any in the environment of the same slot. */
  readonly places: SlotPlaces;
  /** Those in the environment lie between these slots. */
  settled: SettledSpan | undefined;
}

export class GroupLog {
  readonly name: string;
  /** As of the newest append, durable or not. */
  head: Head;
  /** As of the newest append that is on disk. */
  durable: Head;
  /** What the environment says without the journal. */
  settled: Head;
  /** Bytes of records ever appended. */
  end = 0;
  readonly epochs = new Map<number, EpochLog>();

  constructor(name: string, settled: Head, spans: ReadonlyMap<number, SettledSpan>) {
    this.name = name;
    this.head = settled;
    this.durable = settled;
    this.settled = settled;
    for (const [epoch, span] of spans) this.epoch(epoch).settled = span;
  }

  epoch(epoch: number): EpochLog {
    let found = this.epochs.get(epoch);
    if (found === undefined) {
      found = { places: new SlotPlaces(), settled: undefined };
      this.epochs.set(epoch, found);
    }
    return found;
  }
}

interface HeadChange {
  readonly promise?: Ballot | undefined;
  readonly chosenThrough?: Slot | undefined;
  readonly trimThrough?: Slot | undefined;
}

/**
 * Nothing of a head ever decreases, so that a change may be met again behind one that came later: the journal is
 * replayed over an environment that is newer than the journal's beginning.
 */
export function nextHead(head: Head, change: HeadChange): Head {
  const { promise, chosenThrough = 0, trimThrough = 0 } = change;
  // Most appends hold nothing but records.
  if (promise === undefined && chosenThrough === 0 && trimThrough === 0) return head;
  return {
    promise: higher(head.promise, promise),
    chosenThrough: Math.max(head.chosenThrough, chosenThrough),
    trimmedThrough: Math.max(head.trimmedThrough, trimThrough),
  };
}

export function headChangeOf({ promise, chosenThrough, trimmedThrough }: Head): HeadChange {
  return { promise, chosenThrough, trimThrough: trimmedThrough };
}

export function sameHead(left: Head, right: Head): boolean {
  return (
    left.chosenThrough === right.chosenThrough &&
    left.trimmedThrough === right.trimmedThrough &&
    compareBallots(left.promise, right.promise) === 0
  );
}

function higher(left: Ballot, right: Ballot | undefined): Ballot {
  return right !== undefined && compareBallots(right, left) > 0 ? right : left;
}

/** The span with one slot more. */
export function widened(span: SettledSpan | undefined, slot: Slot): SettledSpan {
  if (span === undefined) return { from: slot, through: slot };
  return { from: Math.min(span.from, slot), through: Math.max(span.through, slot) };
}

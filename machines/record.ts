/** What an acceptor remembers of one slot, and one atomic change of what it remembers. */
import type { Ballot, Slot } from "./ballot.ts";

/** One accepted or chosen entry. `entry` is opaque here: only the replicated state machine looks inside. */
export interface LogRecord {
  readonly epoch: number;
  readonly slot: Slot;
  /** Ballot at which the entry was last accepted (Paxos Made Simple 2.2). */
  readonly ballot: Ballot;
  readonly entry: Uint8Array;
}

/** Everything one append to the log store changes, atomically. */
export interface LogAppend {
  readonly promise?: Ballot;
  readonly records?: readonly LogRecord[];
  /** Every record at or below it is the chosen value, in this append or an earlier one. */
  readonly chosenThrough?: Slot;
  /** Removes records at or below this slot; only behind a durable checkpoint. */
  readonly trimThrough?: Slot;
}

export function sameEntry(left: Uint8Array, right: Uint8Array): boolean {
  if (left === right) return true;
  if (left.length !== right.length) return false;
  for (let index = 0; index < left.length; index++) {
    if (left[index] !== right[index]) return false;
  }
  return true;
}

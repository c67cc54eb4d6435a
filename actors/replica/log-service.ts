/** Answers those who miss chosen entries, from memory and from the log store, in bounded pieces. */
import type { LogStore } from "../../infra/log-store/log-store.ts";
import { sameBallot, type Ballot } from "../../machines/ballot.ts";
import type { Learned, LearnedSlot } from "../../machines/messages.ts";
import type { LogRecord } from "../../machines/record.ts";
import type { LogView } from "../../machines/replica-log.ts";

export interface LogQuestion {
  readonly from: number;
  /** Nothing above what is known chosen here. */
  readonly through: number;
  /** The asker's ballots, from `from` on: an equal one saves sending the entry. */
  readonly ballots: readonly (Ballot | undefined)[];
}

export interface LogServiceOptions {
  readonly group: string;
  readonly epoch: number;
  readonly log: LogView;
  readonly store: LogStore;
  /** Room for slots and entries in one answer. */
  readonly bytesMax: number;
}

/** What a slot adds to an answer beside its entry: slot, ballot and framing, generously. */
const slotOverheadBytes = 64;

export class LogService {
  readonly #options: LogServiceOptions;

  constructor(options: LogServiceOptions) {
    this.#options = options;
  }

  answer({ from, through, ballots }: LogQuestion): Learned {
    const slots: LearnedSlot[] = [];
    let bytes = 0;
    for (const record of this.#records(from, through)) {
      const asked = ballots[record.slot - from];
      const same = asked !== undefined && sameBallot(asked, record.ballot);
      bytes += slotOverheadBytes + (same ? 0 : record.entry.length);
      if (slots.length > 0 && bytes > this.#options.bytesMax) break;
      const entry = same ? undefined : record.entry;
      slots.push({ slot: record.slot, ballot: record.ballot, entry });
    }
    const { chosenThrough, trimmedThrough: compactedThrough } = this.#options.log;
    return { type: "learned", slots, chosenThrough, compactedThrough };
  }

  /** Consecutive records: what is held in memory may not be on disk yet, what was released is. */
  *#records(from: number, through: number): Generator<LogRecord> {
    const { group, epoch, log, store, bytesMax } = this.#options;
    let slot = from;
    while (slot <= through) {
      const held = log.get(slot);
      if (held !== undefined) {
        yield held;
        slot += 1;
        continue;
      }
      const stored = store.read(group, epoch, slot, through, bytesMax);
      if (stored[0]?.slot !== slot) return;
      for (const record of stored) {
        // What is held replaces what the disk still has there, which may never have been chosen.
        if (log.ballotOf(slot) !== undefined) break;
        if (record.slot !== slot) return;
        yield record;
        slot += 1;
      }
    }
  }
}

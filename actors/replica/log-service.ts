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

export class LogService {
  readonly #group: string;
  readonly #log: LogView;
  readonly #store: LogStore;
  readonly #bytesMax: number;

  constructor(group: string, log: LogView, store: LogStore, bytesMax: number) {
    this.#group = group;
    this.#log = log;
    this.#store = store;
    this.#bytesMax = bytesMax;
  }

  answer({ from, through, ballots }: LogQuestion): Learned {
    const slots: LearnedSlot[] = [];
    let bytes = 0;
    for (const record of this.#records(from, through)) {
      const asked = ballots[record.slot - from];
      const same = asked !== undefined && sameBallot(asked, record.ballot);
      if (!same) bytes += record.entry.length;
      if (slots.length > 0 && bytes > this.#bytesMax) break;
      const entry = same ? undefined : record.entry;
      slots.push({ slot: record.slot, ballot: record.ballot, entry });
    }
    const { chosenThrough, trimmedThrough: compactedThrough } = this.#log;
    return { type: "learned", slots, chosenThrough, compactedThrough };
  }

  /** Consecutive records: what is held in memory may not be on disk yet, what was released is. */
  *#records(from: number, through: number): Generator<LogRecord> {
    let slot = from;
    while (slot <= through) {
      const held = this.#log.get(slot);
      if (held !== undefined) {
        yield held;
        slot += 1;
        continue;
      }
      const stored = this.#store.read(this.#group, slot, through, this.#bytesMax);
      if (stored[0]?.slot !== slot) return;
      for (const record of stored) {
        if (record.slot !== slot) return;
        yield record;
        slot += 1;
      }
    }
  }
}

/**
 * The environment takes over from the journal: what is still needed of the oldest segment moves there, and the segment is
 * struck off; and what was trimmed is removed.
 */
import type { Slot } from "../../machines/ballot.ts";
import { headChangeOf, nextHead, sameHead, widened, type GroupLog } from "./group-log.ts";
import type { Journal } from "./journal/journal.ts";
import type { Segment } from "./journal/segment.ts";
import type { LogEnvironment } from "./log-environment.ts";
import { decodeRecord, recordKey } from "./record-format.ts";
import type { JournalRecord, StoredRecords } from "./stored-records.ts";

/** Beyond it others get their turn before more moves from the journal into the environment. */
const pieceRecordsMax = 500;
const pieceBytesMax = 2 ** 19;

export interface SettlingOptions {
  readonly environment: LogEnvironment;
  readonly journal: Journal;
  readonly records: StoredRecords;
  /** Nothing is written any more. */
  readonly hasEnded: () => boolean;
  readonly failed: (reason: unknown) => void;
}

interface Moved extends JournalRecord {
  readonly key: Buffer;
  readonly value: Buffer;
}

export class Settling {
  readonly #options: SettlingOptions;
  #underWay: Promise<void> | undefined;

  constructor(options: SettlingOptions) {
    this.#options = options;
  }

  /** Resolves when no segment is being moved; it does not say how that ended. */
  get done(): Promise<void> {
    return this.#underWay ?? Promise.resolve();
  }

  /** Unless it is under way. */
  begin(): void {
    if (this.#underWay !== undefined) return;
    this.#underWay = this.#settleWhatCan().then(
      () => (this.#underWay = undefined),
      (reason: unknown) => {
        this.#underWay = undefined;
        this.#options.failed(reason);
      },
    );
  }

  /** Removes the records, in the environment without haste: `trimmedThrough` says already that they are gone. */
  trim(log: GroupLog, through: Slot): void {
    const { environment, journal, records, failed } = this.#options;
    records.forget(log, through);
    for (const [epoch, { settled }] of log.epochs) {
      if (settled === undefined || settled.from > through) continue;
      const end = Math.min(through, settled.through);
      const removed = environment.removeRecords(log.name, epoch, settled.from, end);
      log.epoch(epoch).settled =
        end === settled.through ? undefined : { from: end + 1, through: settled.through };
      removed.catch(failed);
    }
    if (journal.segments[0]?.live === 0) this.begin();
  }

  async #settleWhatCan(): Promise<void> {
    const { journal, hasEnded } = this.#options;
    for (;;) {
      const [oldest, ...others] = journal.segments;
      if (oldest === undefined || others.length === 0 || hasEnded()) return;
      if (oldest.live > 0 && !journal.isMostlyDead && !journal.isLong) return;
      await this.#settleSegment(oldest);
    }
  }

  /**
   * Whatever of the segment is still needed moves into the environment, a piece at a time, so that others get their turn;
   * then the segment is struck off, in one transaction with the heads that rest on it. Until then it is in both.
   */
  async #settleSegment(oldest: Segment): Promise<void> {
    const { environment, journal, records, hasEnded } = this.#options;
    if (oldest.live > 0) {
      const placed = records.placedIn(oldest);
      for (let piece = this.#piece(placed); piece.length > 0; piece = this.#piece(placed)) {
        await this.#move(piece);
        if (hasEnded()) return;
      }
    }
    await environment.batch(() => {
      for (const log of records.logs()) {
        const head = nextHead(log.settled, headChangeOf(log.durable));
        if (sameHead(head, log.settled)) continue;
        log.settled = head;
        void environment.putHead(log.name, head);
      }
      void environment.removeSegment(oldest);
    });
    journal.retireOldest();
  }

  async #move(piece: readonly Moved[]): Promise<void> {
    const { environment, records } = this.#options;
    await environment.batch(() => {
      for (const { log, epoch, slot, key, value } of piece) {
        void environment.records.put(key, value);
        const own = log.epoch(epoch);
        own.settled = widened(own.settled, slot);
      }
    });
    for (const moved of piece) records.unplace(moved);
  }

  /** The next ones, read. */
  #piece(placed: Generator<JournalRecord>): readonly Moved[] {
    const piece: Moved[] = [];
    let bytes = 0;
    while (piece.length < pieceRecordsMax && bytes < pieceBytesMax) {
      const next = placed.next();
      if (next.done === true) break;
      const moved = this.#read(next.value);
      piece.push(moved);
      bytes += moved.value.length;
    }
    return piece;
  }

  /** Checked before its frame, which says of more than one record that it is whole, is given up. */
  #read(placed: JournalRecord): Moved {
    const key = recordKey(placed.log.name, placed.epoch, placed.slot);
    const value = this.#options.journal.read(placed.place);
    decodeRecord(key, value);
    return { ...placed, key, value };
  }
}

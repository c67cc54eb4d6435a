/**
 * Where the records of every group lie: in the journal, or in the environment behind it. A slot that is in both is read
 * from the journal, which is newer.
 */
import { compareBallots, type Slot } from "../../machines/ballot.ts";
import type { LogRecord } from "../../machines/record.ts";
import { GroupLog, type EpochLog } from "./group-log.ts";
import type { PlacedRecord } from "./journal/frame-format.ts";
import { placeOf, type Journal } from "./journal/journal.ts";
import type { Segment } from "./journal/segment.ts";
import { segmentOf, SlotPlaces, type Place } from "./journal/slot-places.ts";
import type { LogEnvironment } from "./log-environment.ts";
import type { LoadedGroup } from "./log-store.ts";
import { decodeRecord, positionOf, recordKey } from "./record-format.ts";

const emptyEpoch: EpochLog = { places: new SlotPlaces(), settled: undefined };

/** A record that lies in the journal. */
export interface JournalRecord {
  readonly log: GroupLog;
  readonly epoch: number;
  readonly slot: Slot;
  readonly place: Place;
}

export class StoredRecords {
  readonly #environment: LogEnvironment;
  readonly #journal: Journal;
  readonly #logs = new Map<string, GroupLog>();

  constructor(environment: LogEnvironment, journal: Journal) {
    this.#environment = environment;
    this.#journal = journal;
  }

  /** Of every group that was asked for. */
  logs(): Iterable<GroupLog> {
    return this.#logs.values();
  }

  log(name: string): GroupLog {
    let log = this.#logs.get(name);
    if (log === undefined) {
      const { records } = this.#environment;
      const spans = this.#environment.spans(name);
      log = new GroupLog(name, this.#environment.head(name), spans);
      for (const [epoch, { through }] of spans) {
        const last = records.get(recordKey(name, epoch, through));
        if (last !== undefined) log.end = Math.max(log.end, positionOf(last).end);
      }
      this.#logs.set(name, log);
    }
    return log;
  }

  load(name: string): LoadedGroup {
    const { head, epochs } = this.log(name);
    const { promise, chosenThrough, trimmedThrough } = head;
    const unchosen = [...epochs.keys()]
      .toSorted((left, right) => left - right)
      .flatMap((epoch) =>
        this.read(name, epoch, chosenThrough + 1, Number.MAX_SAFE_INTEGER, Infinity),
      );
    const highest = unchosen.reduce(
      (ballot, record) => (compareBallots(record.ballot, ballot) > 0 ? record.ballot : ballot),
      promise,
    );
    return { promise: highest, chosenThrough, trimmedThrough, unchosen };
  }

  /** Ascending; at least one, if there is any, and no more behind the one that reaches `bytesMax`. */
  read(
    name: string,
    epoch: number,
    from: Slot,
    through: Slot,
    bytesMax: number,
  ): readonly LogRecord[] {
    const log = this.log(name);
    const found: LogRecord[] = [];
    let bytes = 0;
    const first = Math.max(from, log.durable.trimmedThrough + 1);
    for (const slot of this.#slots(log, epoch, first, through)) {
      const value = this.#valueOf(log, epoch, slot);
      if (value === undefined) continue;
      found.push(decodeRecord(recordKey(name, epoch, slot), value));
      bytes += value.length;
      if (bytes >= bytesMax) break;
    }
    return found;
  }

  /** What the group's records took when they were appended, from the first that is left. */
  bytes(name: string): number {
    const log = this.log(name);
    for (const epoch of log.epochs.keys()) {
      const first = this.#valueOf(log, epoch, log.durable.trimmedThrough + 1);
      if (first !== undefined) return log.end - positionOf(first).start;
    }
    return 0;
  }

  /** The record is in that frame of the journal from now on. */
  place(log: GroupLog, segment: Segment, frameAt: number, record: PlacedRecord): void {
    const { places } = log.epoch(record.epoch);
    const before = places.set(record.slot, placeOf(segment, frameAt, record));
    segment.placed += 1;
    segment.live += 1;
    if (before !== undefined) this.#noteGone(before);
  }

  /** The environment holds it from now on, if it is still what the journal says of its slot. */
  unplace({ log, epoch, slot, place }: JournalRecord): void {
    const { places } = log.epoch(epoch);
    if (places.get(slot) !== place) return;
    places.delete(slot);
    this.#noteGone(place);
  }

  /** Those of a segment. What is gone before it was asked for is left out. */
  *placedIn(segment: Segment): Generator<JournalRecord> {
    for (const log of this.#logs.values()) {
      for (const [epoch, { places }] of log.epochs) {
        for (const slot of places.slots(0, Number.MAX_SAFE_INTEGER)) {
          const place = places.get(slot);
          if (place === undefined || segmentOf(place) !== segment.number) continue;
          yield { log, epoch, slot, place };
        }
      }
    }
  }

  /** Records through that slot count as gone in the journal. */
  forget(log: GroupLog, through: Slot): void {
    for (const { places } of log.epochs.values()) {
      places.trim(through, (place) => this.#noteGone(place));
    }
  }

  #noteGone(place: Place): void {
    const segment = this.#journal.segmentAt(place);
    if (segment !== undefined) segment.live -= 1;
  }

  /** Those with a record between those two, in the journal or in the environment, ascending. */
  #slots({ name, epochs }: GroupLog, epoch: number, from: Slot, through: Slot): Generator<Slot> {
    const { places, settled } = epochs.get(epoch) ?? emptyEpoch;
    const inJournal = places.slots(from, through);
    if (settled === undefined) return inJournal;
    const first = Math.max(from, settled.from);
    const last = Math.min(through, settled.through);
    if (first > last) return inJournal;
    return merged(inJournal, this.#environment.slots(name, epoch, first, last));
  }

  /** As it was stored, checked by whoever decodes it. */
  #valueOf({ name, epochs }: GroupLog, epoch: number, slot: Slot): Buffer | undefined {
    const log = epochs.get(epoch);
    const place = log?.places.get(slot);
    if (place !== undefined) return this.#journal.read(place);
    if (log?.settled === undefined) return undefined;
    return this.#environment.records.get(recordKey(name, epoch, slot));
  }
}

/** Ascending, each once; both are ascending. */
function* merged(left: Generator<Slot>, right: Generator<Slot>): Generator<Slot> {
  let next = left.next();
  for (const slot of right) {
    for (; next.done !== true && next.value < slot; next = left.next()) yield next.value;
    if (next.done !== true && next.value === slot) next = left.next();
    yield slot;
  }
  for (; next.done !== true; next = left.next()) yield next.value;
}

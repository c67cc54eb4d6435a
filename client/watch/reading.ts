/**
 * Reading up to the present: what a watch has not heard is read from the store, page by page, until both the feed's
 * slots and the store's revisions say where it stands. Three ways: what changed since a revision, what is there now, or
 * nothing but the moment.
 */
import type { SynodError } from "../../infra/errors/synod-error.ts";
import { operationKind, type ChangesCursor, type KeyRange } from "../../kv/commands/operation.ts";
import { keyAfter } from "../../kv/internal-key.ts";
import { newest, type Revision } from "../../kv/revision.ts";
import type { InternalKey } from "../../kv/state-reader.ts";
import type { Place } from "../core/call.ts";
import type { HistoryPage, PageReader, SharedReads } from "./shared-reads.ts";
import { bytesOf, sortByRevision, type WatchedChange } from "./watched-change.ts";

/** How much may be handed over at once. */
export interface Room {
  readonly changes: number;
  readonly bytes: number;
}

/** Where a reading came to. */
export interface Arrival {
  /** In order of revisions, unless pieces of it were handed over before. */
  readonly changes: WatchedChange[];
  /** Every change up to this revision has been read. */
  readonly through: Revision;
  /** Everything up to this slot has been read; undefined when room ended before. */
  readonly slot: number | undefined;
}

export interface ReadingOwner {
  readonly group: string;
  /** In order; at least one. */
  readonly ranges: readonly KeyRange[];
  readonly keysOnly: boolean;
  /** What is there now includes keys that are gone, as long as a tombstone tells of them. */
  readonly tombstonesToo: boolean;
  wants(change: WatchedChange): boolean;
  room(): Room;
  /** The place of the first page. */
  began(place: Place): void;
  /** What keys in front of this one hold, as of the moment at which the reading began; goes on when there is room again. */
  piece(changes: WatchedChange[], before: InternalKey, asOf: Revision): void;
  arrived(arrival: Arrival): void;
  failed(failure: SynodError): void;
  /** The range is not, or not only, that group's any more. */
  moved(): void;
}

export abstract class Reading implements PageReader {
  protected readonly reads: SharedReads;
  protected readonly owner: ReadingOwner;
  /** Of the first page: all pages show that moment. */
  protected first: Place | undefined;
  /** Which of the ranges is being read. */
  #at = 0;
  #cancelled = false;

  constructor(reads: SharedReads, owner: ReadingOwner) {
    this.reads = reads;
    this.owner = owner;
  }

  /** Asks for the next page, or for one that failed again. */
  abstract ask(): void;

  /** Nothing more is told. */
  cancel(): void {
    this.#cancelled = true;
  }

  answered(page: HistoryPage): void {
    if (this.#cancelled) return;
    const { place, rest, cursor } = page;
    const isPartial = rest !== undefined && cursor === undefined;
    if (place.group !== this.owner.group || isPartial) return this.owner.moved();
    if (this.first === undefined) {
      this.first = place;
      this.owner.began(place);
      if (this.#cancelled) return;
    }
    this.take(page, this.first);
  }

  failed(failure: SynodError): void {
    if (!this.#cancelled) this.owner.failed(failure);
  }

  protected get range(): KeyRange {
    return this.owner.ranges[this.#at] as KeyRange;
  }

  /** False behind the last range. */
  protected nextRange(): boolean {
    this.#at++;
    return this.#at < this.owner.ranges.length;
  }

  protected abstract take(page: HistoryPage, first: Place): void;
}

/** Nothing is read but where the group stands. */
export class MomentReading extends Reading {
  override ask(): void {
    const { start, end } = this.range;
    this.reads.read(
      {
        kind: operationKind.range,
        start,
        end,
        limit: 1,
        reverse: false,
        keysOnly: true,
        at: newest,
        cursor: undefined,
      },
      this,
    );
  }

  /** How far the page came does not matter. */
  protected override take(_: HistoryPage, { slot, lastRevision }: Place): void {
    this.owner.arrived({ changes: [], through: lastRevision, slot });
  }
}

/** The newest value of every key at one moment, in order of revisions where all of them find room, else in that of keys. */
export class CurrentReading extends Reading {
  #collected: WatchedChange[] = [];
  #bytes = 0;
  #inPieces = false;
  #cursor: InternalKey | undefined;
  /** With tombstones. It may stand inside of a key. */
  #changesCursor: ChangesCursor | undefined;

  override ask(): void {
    const { range } = this;
    const { keysOnly, tombstonesToo } = this.owner;
    if (tombstonesToo) return this.#askWithTombstones();
    const start = this.#cursor === undefined ? range.start : keyAfter(this.#cursor);
    this.reads.read(
      {
        kind: operationKind.range,
        start,
        end: range.end,
        limit: 0,
        reverse: false,
        keysOnly,
        at: this.first?.lastRevision ?? newest,
        cursor: undefined,
      },
      this,
    );
  }

  protected override take({ changes, cursor }: HistoryPage, first: Place): void {
    for (const change of changes) {
      if (!this.owner.wants(change)) continue;
      this.#collected.push(change);
      this.#bytes += bytesOf(change);
    }
    if (cursor === undefined) {
      this.#cursor = undefined;
      this.#changesCursor = undefined;
      if (!this.nextRange()) return this.#arrive(first);
    } else if (typeof cursor === "string") {
      this.#cursor = cursor;
    } else {
      this.#changesCursor = cursor;
      if (cursor.below !== 0) return this.ask();
      this.#cursor = cursor.key;
    }
    const room = this.owner.room();
    if (this.#collected.length < room.changes && this.#bytes < room.bytes) return this.ask();
    const piece = this.#collected;
    const before = this.#cursor === undefined ? this.range.start : keyAfter(this.#cursor);
    this.#collected = [];
    this.#bytes = 0;
    this.#inPieces = true;
    this.owner.piece(piece, before, first.lastRevision);
  }

  #askWithTombstones(): void {
    const { range } = this;
    const { keysOnly } = this.owner;
    this.reads.read(
      {
        kind: operationKind.changes,
        start: range.start,
        end: range.end,
        since: 0,
        until: this.first?.lastRevision ?? newest,
        limit: 0,
        incompleteToo: true,
        keysOnly,
        newestOnly: true,
        cursor: this.#changesCursor,
      },
      this,
    );
  }

  #arrive({ slot, lastRevision }: Place): void {
    const changes = this.#inPieces ? this.#collected : sortByRevision(this.#collected);
    this.owner.arrived({ changes, through: lastRevision, slot });
  }
}

/**
 * Every change since a revision. The store tells them by key: to hand them over in order of revisions with bounded
 * memory, the oldest are kept while pages come, and what is younger is left for the next reading.
 */
export class HistoryReading extends Reading {
  readonly #since: Revision;
  readonly #incompleteToo: boolean;
  readonly #collected: WatchedChange[] = [];
  #bytes = 0;
  /** What is read goes up to here. */
  #until: Revision = newest;
  #narrowed = false;
  #cursor: ChangesCursor | undefined;

  /** `incompleteToo`: of what is older than kept history, whatever is left. */
  constructor(reads: SharedReads, owner: ReadingOwner, since: Revision, incompleteToo: boolean) {
    super(reads, owner);
    this.#since = since;
    this.#incompleteToo = incompleteToo;
  }

  override ask(): void {
    const { range } = this;
    const { keysOnly } = this.owner;
    this.reads.read(
      {
        kind: operationKind.changes,
        start: range.start,
        end: range.end,
        since: this.#since,
        until: this.#until,
        limit: 0,
        incompleteToo: this.#incompleteToo,
        keysOnly,
        newestOnly: false,
        cursor: this.#cursor,
      },
      this,
    );
  }

  protected override take({ changes, cursor }: HistoryPage, { slot, lastRevision }: Place): void {
    this.#until = Math.min(this.#until, lastRevision);
    for (const change of changes) {
      if (change.revision > this.#until || !this.owner.wants(change)) continue;
      this.#collected.push(change);
      this.#bytes += bytesOf(change);
    }
    const room = this.owner.room();
    if (this.#collected.length > room.changes || this.#bytes > room.bytes) this.#narrow(room);
    this.#cursor = cursor as ChangesCursor | undefined;
    if (cursor !== undefined || this.nextRange()) return this.ask();
    const arrived = sortByRevision(this.#collected);
    const through = this.#until;
    this.owner.arrived({ changes: arrived, through, slot: this.#narrowed ? undefined : slot });
  }

  /** Keeps the oldest half of what there is room for, one revision at least, and forgets the rest. */
  #narrow(room: Room): void {
    const collected = sortByRevision(this.#collected);
    let kept = 0;
    let bytes = 0;
    let until: Revision = 0;
    for (const change of collected) {
      const isFull = kept >= room.changes / 2 || bytes >= room.bytes / 2;
      if (kept > 0 && isFull && change.revision > until) break;
      kept++;
      bytes += bytesOf(change);
      until = change.revision;
    }
    if (kept === collected.length) return;
    collected.length = kept;
    this.#bytes = bytes;
    this.#until = until;
    this.#narrowed = true;
  }
}

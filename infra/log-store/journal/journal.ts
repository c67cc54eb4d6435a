/**
 * The journal in front of the log's LMDB environment: what is appended is durable when one write to the end of a file
 * has returned, where LMDB takes two flushes and half a dozen pages. Which segments there are is kept in a catalogue
 * inside LMDB; a segment is listed there before its first change is written, and until nothing in it is needed.
 */
import { closeSync, existsSync, openSync, readdirSync, renameSync, rmSync } from "node:fs";
import { open, rm } from "node:fs/promises";
import { join } from "node:path";
import type { LogAppend } from "../../../machines/record.ts";
import { SynodError } from "../../errors/synod-error.ts";
import {
  behind,
  blockBytes,
  changesOf,
  frameKind,
  FrameWriter,
  valueLengthBytes,
  withoutStamps,
  type FrameKind,
  type PlacedRecord,
  type StoredChange,
} from "./frame-format.ts";
import { DiskPace } from "./disk-pace.ts";
import { prepareFile } from "./prepared-file.ts";
import { offsetOf, offsetsMax, placeIn, segmentOf, type Place } from "./slot-places.ts";
import { Segment, segmentPath, type SegmentEntry, type Written } from "./segment.ts";

/** Where the list of segments is kept, durably. */
export interface SegmentCatalogue {
  list(): readonly SegmentEntry[];
  /** Resolves when the entry is on disk. */
  add(entry: SegmentEntry): Promise<void>;
}

export interface JournalOptions {
  readonly directory: string;
  readonly catalogue: SegmentCatalogue;
  /** Eight bytes that no other segment was given. */
  readonly nonce: () => Buffer;
  /** A segment that reaches so far gets no more frames. */
  readonly segmentBytes: number;
}

export interface Addition {
  readonly group: string;
  readonly change: LogAppend;
  /** Asked for each record in turn, with its length. */
  readonly positionOf: (bytes: number) => number;
}

/** `valueAt` gives the value of one of the change's records, to be looked at and not kept. */
export type Replayed = (
  change: StoredChange,
  segment: Segment,
  frameAt: number,
  valueAt: (record: PlacedRecord) => Buffer,
) => void;

export type FrameWritten = (
  failure: Error | null,
  segment: Segment,
  places: readonly (readonly PlacedRecord[])[],
  frameAt: number,
) => void;

/** Emptied segments kept to be written to again: a file that has its blocks is flushed in a fraction of the time. */
const sparesMax = 8;
/** One is prepared when none is kept and the newest segment has come to this: a store that is hardly used takes no more room. */
const preparedFromBytes = 256 * 1024;
/** Beyond twice what is needed. */
const segmentsInReserve = 4;
/** Every start of a node begins one. */
const segmentsMax = 64;
/** Read at once, because whoever reads one record mostly goes on with the next. */
const windowBytes = 256 * 1024;
/** Beyond it a flush is divided into several frames. */
export const frameBytesMax = 8 * 2 ** 20;

const sparePattern = /^journal-spare-\d+$/;
const segmentPattern = /^journal-\d{10}$/;

export class Journal {
  readonly #options: JournalOptions;
  /** Oldest first; the last is written to. */
  readonly #segments: Segment[] = [];
  readonly #spares: string[] = [];
  /** The newest segment had no blocks before it was written to. */
  #isNewestFresh = false;
  /** A spare is being made. It is tried once more only if that succeeds. */
  #preparing: Promise<void> | undefined;
  readonly #writer = new FrameWriter();
  readonly #pace = new DiskPace();
  #isWriting = false;
  /** Called when what is under way is on disk or has failed. */
  #whenWritten: (() => void)[] = [];
  #closed = false;
  #sequence = 0;
  /** What was read last, and of which segment. */
  readonly #window = Buffer.allocUnsafe(windowBytes);
  #windowOf: Segment | undefined;
  #windowAt = 0;
  #windowEnd = 0;

  constructor(options: JournalOptions) {
    this.#options = options;
  }

  /**
   * Opens what is there, tells every change in the order of the appends, and begins a segment of its own; called
   * once, before anything else. Throws `CORRUPT_STORE` when something is missing that was flushed once.
   */
  async open(replayed: Replayed): Promise<void> {
    try {
      await this.#load(replayed);
    } catch (failure) {
      await this.close();
      throw failure;
    }
  }

  /** Oldest first. */
  get segments(): readonly Segment[] {
    return this.#segments;
  }

  /** Also of a file without blocks as soon as there is one that has them. */
  get isFull(): boolean {
    if (this.#isNewestFresh && this.#newest.end >= preparedFromBytes && this.#spares.length > 0) {
      return true;
    }
    return this.#newest.end >= this.#options.segmentBytes;
  }

  /** What is needed of it would lie in half of it; a few segments are no matter. */
  get isMostlyDead(): boolean {
    const { segmentBytes } = this.#options;
    let bytes = 0;
    let needed = 0;
    for (const { end, live, placed } of this.#segments) {
      bytes += end;
      needed += placed === 0 ? 0 : (end * live) / placed;
    }
    return bytes > 2 * needed + segmentsInReserve * segmentBytes;
  }

  /** It holds as many files open, and reads as many at the next start, as it may. */
  get isLong(): boolean {
    return this.#segments.length > segmentsMax;
  }

  get #newest(): Segment {
    const newest = this.#segments.at(-1);
    if (newest === undefined) throw new Error("a journal has a segment");
    return newest;
  }

  segmentAt(place: Place): Segment | undefined {
    // Numbers have no gaps.
    return this.#segments[segmentOf(place) - (this.#segments[0]?.number ?? 0)];
  }

  /**
   * Writes one frame; `written` hears of it once it is on disk. Nothing else may be under way. `mayWait`: before this
   * returns, should the disk be prompt.
   */
  write(additions: readonly Addition[], mayWait: boolean, written: FrameWritten): void {
    const segment = this.#newest;
    const frameAt = segment.end;
    this.#begin(frameKind.changes, segment);
    const places = additions.map(({ group, change, positionOf }) =>
      this.#writer.add(group, change, positionOf),
    );
    if (behind(frameAt, this.#writer.bytes) >= offsetsMax) {
      throw new RangeError(`an append of ${this.#writer.bytes} bytes is too large for the journal`);
    }
    this.#write(segment, mayWait, (failure) => {
      if (this.#windowOf === segment) this.#windowOf = undefined;
      written(failure, segment, places, frameAt);
    });
  }

  /** The value of a record. */
  read(place: Place): Buffer {
    const segment = this.segmentAt(place);
    if (segment === undefined) throw missing(`segment ${segmentOf(place)}`);
    const at = offsetOf(place);
    const length = this.#content(segment, at, valueLengthBytes).readUInt32BE(0);
    return this.#content(segment, behind(at, valueLengthBytes), length);
  }

  /** Seals the newest segment and begins another. Nothing may be under way. */
  async rotate(): Promise<void> {
    await this.#append(frameKind.seal, this.#newest);
    await this.#beginSegment();
  }

  /** The oldest segment is no longer in the catalogue, and nothing refers to it any more. */
  retireOldest(): void {
    const segment = this.#segments.shift();
    if (segment === undefined) return;
    if (this.#windowOf === segment) this.#windowOf = undefined;
    segment.close();
    this.#keepSpare(segment.path, segment.number);
  }

  /** So that the last frame is known to be the last. */
  seal(): Promise<void> {
    return this.#append(frameKind.seal, this.#newest);
  }

  /** Waits for what is on its way to the disk; nothing is written any more. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#preparing;
    if (this.#isWriting) await new Promise<void>((resolve) => this.#whenWritten.push(resolve));
    for (const segment of this.#segments) segment.close();
  }

  async #load(replayed: Replayed): Promise<void> {
    const { directory, catalogue } = this.#options;
    const listed = catalogue.list();
    for (const entry of listed) {
      if (!existsSync(segmentPath(directory, entry))) throw missing(segmentPath(directory, entry));
      this.#segments.push(new Segment(directory, entry));
    }
    // One after the other in the same memory.
    const room = Buffer.allocUnsafe(Math.max(0, ...this.#segments.map((each) => each.fileBytes)));
    for (const segment of this.#segments) {
      this.#replay(segment, segment === this.#newest, room, replayed);
    }
    const known = new Set(this.#segments.map(({ path }) => path));
    const names = readdirSync(directory);
    for (const name of names) if (sparePattern.test(name)) this.#spares.push(join(directory, name));
    for (const name of names) {
      const path = join(directory, name);
      if (!segmentPattern.test(name) || known.has(path)) continue;
      this.#keepSpare(path, Number(name.slice("journal-".length)));
    }
    await this.#beginSegment();
  }

  #replay(segment: Segment, isLast: boolean, room: Buffer, replayed: Replayed): void {
    const frames = segment.load(this.#sequence, room);
    if (frames[0]?.kind !== frameKind.opening) throw missing(`the beginning of ${segment.path}`);
    for (const frame of frames) {
      this.#sequence = frame.sequence;
      if (frame.kind !== frameKind.changes) continue;
      const valueAt = ({ at, length }: PlacedRecord): Buffer =>
        frame.content.subarray(at + valueLengthBytes, at + valueLengthBytes + length);
      for (const change of changesOf(frame)) replayed(change, segment, frame.at, valueAt);
    }
    if (frames.at(-1)?.kind === frameKind.seal) return;
    if (!isLast) throw missing(`the end of ${segment.path}`);
    // What lies behind it was never acknowledged: a write that a crash cut off.
    this.#begin(frameKind.seal, segment);
    const failure = segment.writeSync(this.#writer.finish());
    if (failure !== null) throw failure;
  }

  async #beginSegment(): Promise<void> {
    const { directory, catalogue, nonce } = this.#options;
    if (this.#closed) throw new Error("the journal is closed");
    const entry = { number: (this.#segments.at(-1)?.number ?? 0) + 1, nonce: nonce() };
    const path = segmentPath(directory, entry);
    const spare = this.#spares.pop();
    if (spare === undefined) closeSync(openSync(path, "wx"));
    else renameSync(spare, path);
    await flushDirectory(directory);
    const segment = new Segment(directory, entry);
    try {
      await this.#append(frameKind.opening, segment);
      await catalogue.add(entry);
      if (this.#closed) throw new Error("the journal is closed");
    } catch (failure) {
      segment.close();
      throw failure;
    }
    this.#segments.push(segment);
    this.#isNewestFresh = spare === undefined;
  }

  /** Somebody waits for most writes, and for nothing that is done here. */
  #prepareSpare(): void {
    const { directory, segmentBytes } = this.#options;
    const path = join(directory, "journal-spare-0");
    this.#preparing = prepareFile(path, segmentBytes, () => !this.#closed).then(
      () => {
        this.#spares.push(path);
        this.#preparing = undefined;
      },
      // The disk is rather full, or worse: then the next append will say so, also where nothing can be removed.
      () => rm(path, { force: true }).catch(() => undefined),
    );
  }

  #append(kind: FrameKind, segment: Segment): Promise<void> {
    this.#begin(kind, segment);
    return new Promise((resolve, reject) => {
      const written: Written = (failure) => (failure === null ? resolve() : reject(failure));
      this.#write(segment, false, written);
    });
  }

  #write(segment: Segment, mayWait: boolean, written: Written): void {
    if (this.#closed) throw new Error("the journal is closed");
    const isUsed = segment.end >= preparedFromBytes;
    if (isUsed && this.#spares.length === 0 && this.#preparing === undefined) this.#prepareSpare();
    const frame = this.#writer.finish();
    const begunMs = performance.now();
    if (mayWait && frame.length === blockBytes && this.#pace.isPrompt) {
      const failure = segment.writeSync(frame);
      this.#pace.note(performance.now() - begunMs, true);
      return written(failure);
    }
    this.#isWriting = true;
    segment.write(frame, (failure) => {
      this.#isWriting = false;
      if (frame.length === blockBytes) this.#pace.note(performance.now() - begunMs, false);
      if (this.#whenWritten.length > 0) for (const tell of this.#whenWritten.splice(0)) tell();
      written(failure);
    });
  }

  #begin(kind: FrameKind, { nonce }: Segment): void {
    this.#sequence += 1;
    this.#writer.begin(kind, nonce, this.#sequence);
  }

  #keepSpare(path: string, number: number): void {
    const spare = join(this.#options.directory, `journal-spare-${number}`);
    // A segment that a crash kept from being listed leaves its number to the next one.
    if (this.#spares.length >= sparesMax || this.#spares.includes(spare)) return rmSync(path);
    renameSync(path, spare);
    this.#spares.push(spare);
  }

  /** What lies there, without the stamps in between. */
  #content(segment: Segment, at: number, length: number): Buffer {
    const end = behind(at, length);
    if (end > segment.end) throw missing(`byte ${at} of ${segment.path}`);
    if (end - at > windowBytes) {
      const bytes = Buffer.allocUnsafe(end - at);
      if (segment.read(bytes, at) < end - at) throw missing(`byte ${at} of ${segment.path}`);
      return withoutStamps(bytes, 0, at, length);
    }
    if (this.#windowOf !== segment || at < this.#windowAt || end > this.#windowEnd) {
      this.#windowAt = at;
      this.#windowEnd = at + segment.read(this.#window, at);
      this.#windowOf = segment;
      if (end > this.#windowEnd) throw missing(`byte ${at} of ${segment.path}`);
    }
    return withoutStamps(this.#window, at - this.#windowAt, at, length);
  }
}

export function placeOf(segment: Segment, frameAt: number, { at }: PlacedRecord): Place {
  return placeIn(segment.number, behind(frameAt, at));
}

function missing(what: string): SynodError {
  return new SynodError(
    "CORRUPT_STORE",
    `the log's journal is incomplete: ${what} is missing or damaged`,
  );
}

/** Beside everything else: it takes as long as the disk likes, and others wait for this process meanwhile. */
async function flushDirectory(directory: string): Promise<void> {
  const folder = await open(directory, "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

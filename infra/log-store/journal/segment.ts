/** One file of the journal: frames from its first byte on, each written and flushed before the next. */
import {
  closeSync,
  constants,
  fdatasync,
  fdatasyncSync,
  fstatSync,
  openSync,
  readSync,
  write,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { SynodError } from "../../errors/synod-error.ts";
import {
  blockBytes,
  contentMoved,
  frameAt,
  isDamagedFrame,
  wholeBlocks,
  type Frame,
} from "./frame-format.ts";

/** What the store's catalogue says of a segment, before anything is written to it. */
export interface SegmentEntry {
  /** Ascending, never used again. */
  readonly number: number;
  readonly nonce: Buffer;
}

export interface PlacedFrame extends Frame {
  /** Its first byte in the file. */
  readonly at: number;
}

/** Called once, with the failure if not all is on disk. */
export type Written = (failure: Error | null) => void;

/** On Linux the write itself returns when it is on disk; macOS means something weaker by that, and flushes apart. */
const writesThrough = process.platform === "linux";
const flags = constants.O_RDWR | (writesThrough ? constants.O_DSYNC : 0);

export function segmentPath(directory: string, { number }: Pick<SegmentEntry, "number">): string {
  return join(directory, `journal-${String(number).padStart(10, "0")}`);
}

export class Segment implements SegmentEntry {
  readonly number: number;
  readonly nonce: Buffer;
  readonly path: string;
  readonly #file: number;
  /** Where the next frame begins. */
  #end = 0;
  /** Records written to it. */
  placed = 0;
  /** Records in it that nothing has replaced and no trim has removed. */
  live = 0;
  #closed = false;

  /** The file exists. Throws the operating system's error. */
  constructor(directory: string, entry: SegmentEntry) {
    this.number = entry.number;
    this.nonce = entry.nonce;
    this.path = segmentPath(directory, entry);
    this.#file = openSync(this.path, flags);
  }

  get end(): number {
    return this.#end;
  }

  /** What its file takes. */
  get fileBytes(): number {
    return fstatSync(this.#file).size;
  }

  /**
   * Its frames from the first on, up to where they end; `before` is the sequence of the frame before them. They are read
   * into `room`, which holds the file, and are there until something else is. Throws `CORRUPT_STORE` when one is damaged.
   * A write that was cut off is none: it was not acknowledged.
   */
  load(before: number, room: Buffer): readonly PlacedFrame[] {
    const bytes = this.#readWhole(room);
    const frames: PlacedFrame[] = [];
    let sequence = before;
    for (;;) {
      const at = this.#end;
      const frame = frameAt(bytes, at, this.nonce);
      // Of the oldest segment nobody knows what was before it.
      if (frame === undefined || (sequence > 0 && frame.sequence !== sequence + 1)) break;
      sequence = frame.sequence;
      frames.push({ ...frame, at, content: contentMoved(bytes, at, frame.length) });
      this.#end += wholeBlocks(frame.length);
    }
    if (isDamagedFrame(bytes, this.#end, this.nonce, sequence + 1)) throw this.#damaged();
    // Frames are written one after the other: what lies before a whole one was whole.
    for (let at = this.#end + blockBytes; at < bytes.length; at += blockBytes) {
      const later = frameAt(bytes, at, this.nonce);
      if (later !== undefined && later.sequence > sequence) throw this.#damaged();
    }
    return frames;
  }

  /** Appends a frame of whole blocks; the caller waits for one before it writes the next. */
  write(frame: Buffer, written: Written): void {
    const at = this.#end;
    this.#end += frame.length;
    this.#writeFrom(frame, 0, at, written);
  }

  /** The same, and returns when it is on disk, or with the failure. */
  writeSync(frame: Buffer): Error | null {
    const at = this.#end;
    this.#end += frame.length;
    try {
      let done = 0;
      while (done < frame.length) {
        done += writeSync(this.#file, frame, done, frame.length - done, at + done);
      }
      if (!writesThrough) fdatasyncSync(this.#file);
    } catch (failure) {
      return failure instanceof Error ? failure : new Error(String(failure));
    }
    return null;
  }

  read(target: Buffer, at: number): number {
    return readSync(this.#file, target, 0, target.length, at);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    closeSync(this.#file);
  }

  #readWhole(room: Buffer): Buffer {
    const bytes = room.subarray(0, this.fileBytes);
    let got = 0;
    while (got < bytes.length) {
      const more = readSync(this.#file, bytes, got, bytes.length - got, got);
      if (more === 0) break;
      got += more;
    }
    return bytes;
  }

  #damaged(): SynodError {
    return new SynodError(
      "CORRUPT_STORE",
      `${this.path} is damaged at byte ${this.#end}: the disk returned other bytes than were written`,
    );
  }

  #writeFrom(frame: Buffer, done: number, at: number, written: Written): void {
    const left = frame.length - done;
    write(this.#file, frame, done, left, at + done, (failure, bytes) => {
      if (failure !== null) return written(failure);
      // A disk that is nearly full takes a part of it; the rest fails with the reason.
      if (bytes < left) return this.#writeFrom(frame, done + bytes, at, written);
      if (writesThrough) return written(null);
      fdatasync(this.#file, written);
    });
  }
}

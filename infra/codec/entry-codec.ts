/** Entries of the log: made by leaders, decoded once by every replica that applies them. */
import { entryKind, type Entry } from "../../kv/entry.ts";
import type { Logged } from "../../kv/frame.ts";
import type { Revision } from "../../kv/revision.ts";
import { SynodError } from "../errors/synod-error.ts";
import { entryVersion } from "./formats.ts";
import { malformed } from "./malformed.ts";
import { MsgpackReader } from "./msgpack-reader.ts";
import { RequestDecoder } from "./request-decoder.ts";

/** Bytes in front of the frames: array, version, kind, stamp as uint64, array of up to 2^32 frames. */
const framesHeadBytes = 1 + 1 + 1 + 9 + 5;
/** Bytes in front of each frame: the head of a bin 32. */
const frameHeadBytes = 5;

export function encodeNoOpEntry(): Uint8Array {
  return Uint8Array.of(0x92, entryVersion, entryKind.noOp);
}

export function encodeTickEntry(stamp: Revision): Uint8Array {
  const entry = Buffer.allocUnsafeSlow(12);
  writeStampedHead(entry, 3, entryKind.tick, stamp);
  return entry;
}

export function encodeWatermarkEntry(stamp: Revision, watermark: Revision): Uint8Array {
  const entry = Buffer.allocUnsafeSlow(21);
  const at = writeStampedHead(entry, 4, entryKind.watermark, stamp);
  writeWide(entry, at, watermark);
  return entry;
}

/** Puts raw frames one behind the other, in one allocation; nothing in them is looked at. */
export function encodeFramesEntry(stamp: Revision, frames: readonly Uint8Array[]): Uint8Array {
  let length = framesHeadBytes;
  for (const frame of frames) length += frameHeadBytes + frame.length;
  const entry = Buffer.allocUnsafeSlow(length);
  let at = writeStampedHead(entry, 4, entryKind.frames, stamp);
  entry[at++] = 0xdd;
  at = entry.writeUInt32BE(frames.length, at);
  for (const frame of frames) {
    entry[at++] = 0xc6;
    at = entry.writeUInt32BE(frame.length, at);
    entry.set(frame, at);
    at += frame.length;
  }
  return entry;
}

/** Bytes a frame adds to an entry. */
export function bytesInEntry(frame: Uint8Array): number {
  return frameHeadBytes + frame.length;
}

function writeStampedHead(entry: Buffer, length: number, kind: number, stamp: Revision): number {
  entry[0] = 0x90 | length;
  entry[1] = entryVersion;
  entry[2] = kind;
  return writeWide(entry, 3, stamp);
}

function writeWide(entry: Buffer, at: number, value: number): number {
  entry[at] = 0xcf;
  entry.writeUInt32BE(Math.floor(value / 0x1_0000_0000), at + 1);
  return entry.writeUInt32BE(value % 0x1_0000_0000, at + 5);
}

export class EntryDecoder {
  readonly #reader = new MsgpackReader();
  readonly #requests = new RequestDecoder();

  /**
   * Decodes a chosen entry. The versions it leads to are windows onto these bytes, which must never change. An
   * entry that cannot be understood cannot be skipped either: it throws, and the replica stops.
   */
  decode(entry: Uint8Array): Entry {
    const reader = this.#reader;
    reader.reset(entry);
    const length = reader.arrayLength();
    const version = reader.integer();
    const kind = reader.integer();
    if (version !== entryVersion) throw incompatible(`version ${version}`);
    let decoded: Entry;
    if (kind === entryKind.noOp) decoded = { kind };
    else if (kind === entryKind.tick) decoded = { kind, stamp: reader.unsigned() };
    else if (kind === entryKind.frames) {
      decoded = { kind, stamp: reader.unsigned(), frames: this.#frames(entry) };
    } else if (kind === entryKind.watermark) {
      decoded = { kind, stamp: reader.unsigned(), watermark: reader.unsigned() };
    } else throw incompatible(`kind ${kind}`);
    if (length !== lengths[kind]) throw malformed(`an entry of ${length} elements`);
    reader.finish();
    return decoded;
  }

  #frames(entry: Uint8Array): readonly Logged[] {
    const reader = this.#reader;
    const count = reader.arrayLength();
    const frames: Logged[] = [];
    for (let at = 0; at < count; at++) {
      reader.window();
      frames.push(this.#requests.logged(entry, reader.windowStart, reader.windowEnd));
    }
    return frames;
  }
}

const lengths = {
  [entryKind.noOp]: 2,
  [entryKind.tick]: 3,
  [entryKind.frames]: 4,
  [entryKind.watermark]: 4,
} as const;

function incompatible(what: string): SynodError {
  return new SynodError(
    "INCOMPATIBLE_VERSION",
    `the log holds an entry of ${what}, which this version of Synod does not know`,
  );
}

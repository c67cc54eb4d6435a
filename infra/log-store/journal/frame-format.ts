/**
 * How appends lie in a segment of the journal. A frame holds everything one flush made durable. It takes whole blocks
 * of the file, so that no later write touches a block that was acknowledged, and each block ends with the frame's stamp:
 * of a write that was cut off some block has none, where damage leaves all of them.
 *
 *   frame   crc32 of the header u32 | crc32 of the rest u32 | length u32 | format u8 | kind u8 | segment's nonce 8
 *           | sequence f64 | change …, then zeros
 *   change  name length u8 | name | parts u8 | [ballot 20] | [chosenThrough f64] | [trimThrough f64]
 *           | records u32 | record …
 *   record  epoch u32 | slot f64 | length u32 | value as in record-format.ts
 *
 * The nonce is drawn for each segment: what a file held when it was another segment is no frame of this one.
 */
import { crc32 } from "node:zlib";
import type { Ballot, Slot } from "../../../machines/ballot.ts";
import type { LogAppend } from "../../../machines/record.ts";
import {
  ballotBytes,
  readBallot,
  recordKey,
  recordValueBytes,
  writeBallot,
  writeRecord,
} from "../record-format.ts";

const format = 1;
/** The unit in which a disk and the page cache write: a torn one spoils no neighbour. */
export const blockBytes = 4096;
const stampBytes = 4;
const payloadBytes = blockBytes - stampBytes;
export const nonceBytes = 8;
const headerBytes = 4 + 4 + 4 + 1 + 1 + nonceBytes + 8;
const lengthAt = 8;
const formatAt = 12;
const kindAt = 13;
const nonceAt = 14;
const sequenceAt = nonceAt + nonceBytes;
const recordPrefixBytes = 4 + 8 + 4;
/** Before a record's value, its length. */
export const valueLengthBytes = 4;

export const frameKind = {
  /** The first of each segment. */
  opening: 1,
  changes: 2,
  /** The last of each segment but the newest. */
  seal: 3,
} as const;

export type FrameKind = (typeof frameKind)[keyof typeof frameKind];

const part = { promise: 1, chosenThrough: 2, trimThrough: 4 } as const;

/** Where a record of an append came to lie, seen from the frame's first byte and without stamps: its length, then its value. */
export interface PlacedRecord {
  readonly epoch: number;
  readonly slot: Slot;
  readonly at: number;
  readonly length: number;
}

export interface FoundFrame {
  readonly kind: FrameKind;
  readonly sequence: number;
  /** Bytes from the header on, without stamps and without the zeros behind it. */
  readonly length: number;
}

export interface Frame extends FoundFrame {
  readonly content: Buffer;
}

export interface StoredChange {
  readonly group: string;
  readonly promise: Ballot | undefined;
  readonly chosenThrough: Slot | undefined;
  readonly trimThrough: Slot | undefined;
  readonly records: readonly PlacedRecord[];
}

/** Bytes of the blocks that so much content takes. */
export function wholeBlocks(contentBytes: number): number {
  return Math.ceil(contentBytes / payloadBytes) * blockBytes;
}

/** Where in a file lies what comes so many bytes of content behind a place in it. */
export function behind(at: number, contentBytes: number): number {
  const content = Math.floor(at / blockBytes) * payloadBytes + (at % blockBytes) + contentBytes;
  return Math.floor(content / payloadBytes) * blockBytes + (content % payloadBytes);
}

/** Takes the stamps out of what a file holds from `at` on. `bytes[from]` is the byte at `at`. */
export function withoutStamps(bytes: Buffer, from: number, at: number, length: number): Buffer {
  const content = Buffer.allocUnsafe(length);
  let source = from;
  let inBlock = at % blockBytes;
  for (let done = 0; done < length;) {
    const take = Math.min(length - done, payloadBytes - inBlock);
    bytes.copy(content, done, source, source + take);
    done += take;
    source += take + stampBytes;
    inBlock = 0;
  }
  return content;
}

/** Builds one frame after the other in the same memory. */
export class FrameWriter {
  #bytes = Buffer.alloc(blockBytes * 16);
  #stamped = Buffer.alloc(blockBytes * 16);
  #stamp = 0;
  #end = 0;

  begin(kind: FrameKind, nonce: Buffer, sequence: number): void {
    this.#end = headerBytes;
    const bytes = this.#bytes;
    bytes[formatAt] = format;
    bytes[kindAt] = kind;
    nonce.copy(bytes, nonceAt);
    bytes.writeDoubleBE(sequence, sequenceAt);
    this.#stamp = stampOf(nonce, sequence);
  }

  /** `positionOf` is asked for each record in turn: where it begins in its group's stream of appended bytes. */
  add(
    group: string,
    change: LogAppend,
    positionOf: (bytes: number) => number,
  ): readonly PlacedRecord[] {
    const records = change.records ?? [];
    this.#reserve(changeBytes(group, change));
    const bytes = this.#bytes;
    let at = this.#end;
    bytes[at] = group.length;
    at += 1 + bytes.write(group, at + 1, "latin1");
    const partsAt = at;
    let parts = 0;
    at += 1;
    if (change.promise !== undefined) {
      parts |= part.promise;
      writeBallot(bytes, at, change.promise);
      at += ballotBytes;
    }
    if (change.chosenThrough !== undefined) {
      parts |= part.chosenThrough;
      at = bytes.writeDoubleBE(change.chosenThrough, at);
    }
    if (change.trimThrough !== undefined) {
      parts |= part.trimThrough;
      at = bytes.writeDoubleBE(change.trimThrough, at);
    }
    bytes[partsAt] = parts;
    at = bytes.writeUInt32BE(records.length, at);
    const placed: PlacedRecord[] = [];
    for (const record of records) {
      const { epoch, slot } = record;
      const length = recordValueBytes(record);
      at = bytes.writeUInt32BE(epoch, at);
      at = bytes.writeDoubleBE(slot, at);
      placed.push({ epoch, slot, at, length });
      at = bytes.writeUInt32BE(length, at);
      writeRecord(bytes, at, recordKey(group, epoch, slot), record, positionOf(length));
      at += length;
    }
    this.#end = at;
    return placed;
  }

  /** Of the frame begun last, so far, without stamps. */
  get bytes(): number {
    return this.#end;
  }

  /** As it is written to the file; valid until the next frame is begun. */
  finish(): Buffer {
    const bytes = this.#bytes;
    const end = this.#end;
    bytes.writeUInt32BE(end, lengthAt);
    bytes.writeUInt32BE(crc32(bytes.subarray(headerBytes, end)), 4);
    bytes.writeUInt32BE(crc32(bytes.subarray(4, headerBytes)), 0);
    const whole = wholeBlocks(end);
    if (this.#stamped.length < whole) this.#stamped = Buffer.alloc(whole * 2);
    const stamped = this.#stamped;
    for (let at = 0, from = 0; at < whole; at += blockBytes, from += payloadBytes) {
      const copied = bytes.copy(stamped, at, from, Math.min(end, from + payloadBytes));
      stamped.fill(0, at + copied, at + payloadBytes);
      stamped.writeUInt32BE(this.#stamp, at + payloadBytes);
    }
    return stamped.subarray(0, whole);
  }

  #reserve(more: number): void {
    const needed = this.#end + more;
    if (needed <= this.#bytes.length) return;
    const larger = Buffer.alloc(Math.max(needed, this.#bytes.length * 2));
    this.#bytes.copy(larger, 0, 0, this.#end);
    this.#bytes = larger;
  }
}

/** What an append takes in a frame. */
export function changeBytes(group: string, { records = [] }: LogAppend): number {
  let bytes = 1 + group.length + 1 + ballotBytes + 8 + 8 + 4;
  for (const record of records) bytes += recordPrefixBytes + recordValueBytes(record);
  return bytes;
}

/** The frame that begins there, looked at and left as it is; undefined if there is no whole one of this segment. */
export function frameAt(bytes: Buffer, at: number, nonce: Buffer): FoundFrame | undefined {
  const header = headerAt(bytes, at, nonce);
  if (header === undefined || at + wholeBlocks(header.length) > bytes.length) return undefined;
  if (contentChecksum(bytes, at, header.length) !== bytes.readUInt32BE(at + 4)) return undefined;
  if (bytes[at + formatAt] !== format) return undefined;
  return { kind: bytes[at + kindAt] as FrameKind, ...header };
}

function contentChecksum(bytes: Buffer, at: number, length: number): number {
  let checksum = 0;
  let from = at + headerBytes;
  let left = length - headerBytes;
  for (let blockEnd = at + payloadBytes; left > 0; blockEnd += blockBytes) {
    const take = Math.min(left, blockEnd - from);
    checksum = crc32(bytes.subarray(from, from + take), checksum);
    left -= take;
    from = blockEnd + stampBytes;
  }
  return checksum;
}

/** Moves the content of a frame over its stamps: to where the frame begins, which is then none any more. */
export function contentMoved(bytes: Buffer, at: number, length: number): Buffer {
  for (let done = payloadBytes, from = at + blockBytes; done < length; from += blockBytes) {
    bytes.copyWithin(at + done, from, from + payloadBytes);
    done += payloadBytes;
  }
  return bytes.subarray(at, at + length);
}

/**
 * Where no whole frame begins, although all blocks of the frame with this sequence have arrived: it was damaged
 * afterwards. False for a write that was cut off, and where nothing was ever written.
 */
export function isDamagedFrame(
  bytes: Buffer,
  at: number,
  nonce: Buffer,
  sequence: number,
): boolean {
  const stamp = stampOf(nonce, sequence);
  const hasArrived = (block: number): boolean =>
    block + blockBytes <= bytes.length && bytes.readUInt32BE(block + payloadBytes) === stamp;
  if (!hasArrived(at)) return false;
  const header = headerAt(bytes, at, nonce);
  if (header === undefined) return true;
  const end = at + wholeBlocks(header.length);
  for (let block = at; block < end; block += blockBytes) if (!hasArrived(block)) return false;
  return true;
}

function headerAt(
  bytes: Buffer,
  at: number,
  nonce: Buffer,
): { readonly length: number; readonly sequence: number } | undefined {
  if (at + blockBytes > bytes.length) return undefined;
  if (!bytes.subarray(at + nonceAt, at + nonceAt + nonceBytes).equals(nonce)) return undefined;
  if (crc32(bytes.subarray(at + 4, at + headerBytes)) !== bytes.readUInt32BE(at)) return undefined;
  return {
    length: bytes.readUInt32BE(at + lengthAt),
    sequence: bytes.readDoubleBE(at + sequenceAt),
  };
}

/** Never twice in one segment, and by chance only in another. */
function stampOf(nonce: Buffer, sequence: number): number {
  return (nonce.readUInt32BE(0) + (sequence % 2 ** 32)) % 2 ** 32;
}

/** The changes of a frame that was found whole. */
export function* changesOf({ content: bytes }: Frame): Generator<StoredChange> {
  let at = headerBytes;
  while (at < bytes.length) {
    const nameEnd = at + 1 + (bytes[at] ?? 0);
    const group = bytes.toString("latin1", at + 1, nameEnd);
    const parts = bytes[nameEnd] ?? 0;
    at = nameEnd + 1;
    let promise: Ballot | undefined;
    let chosenThrough: Slot | undefined;
    let trimThrough: Slot | undefined;
    if ((parts & part.promise) !== 0) {
      promise = readBallot(bytes, at);
      at += ballotBytes;
    }
    if ((parts & part.chosenThrough) !== 0) {
      chosenThrough = bytes.readDoubleBE(at);
      at += 8;
    }
    if ((parts & part.trimThrough) !== 0) {
      trimThrough = bytes.readDoubleBE(at);
      at += 8;
    }
    const count = bytes.readUInt32BE(at);
    at += 4;
    const records: PlacedRecord[] = [];
    for (let index = 0; index < count; index++) {
      const epoch = bytes.readUInt32BE(at);
      const slot = bytes.readDoubleBE(at + 4);
      const length = bytes.readUInt32BE(at + 12);
      records.push({ epoch, slot, at: at + recordPrefixBytes - valueLengthBytes, length });
      at += recordPrefixBytes + length;
    }
    yield { group, promise, chosenThrough, trimThrough, records };
  }
}

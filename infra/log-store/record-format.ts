/**
 * How log records and a group's head lie on disk: a checksum over key and content, a format number, then fixed
 * fields. A record that was swapped with another, or in which a bit flipped, fails its checksum.
 *
 *   record  crc32 u32 | format u8 | epoch u32 | round f64 | member f64 | position f64 | entry …
 *   head    crc32 u32 | format u8 | epoch u32 | round f64 | member f64 | chosenThrough f64 | trimmedThrough f64
 */
import { crc32 } from "node:zlib";
import { noBallot, type Ballot, type Slot } from "../../machines/ballot.ts";
import type { LogRecord } from "../../machines/record.ts";
import { SynodError } from "../errors/synod-error.ts";

const format = 1;
const checksumBytes = 4;
export const ballotBytes = 4 + 8 + 8;
const recordHeaderBytes = checksumBytes + 1 + ballotBytes + 8;
const headBytes = checksumBytes + 1 + ballotBytes + 8 + 8;

/** A group's promise and how far its log reaches. */
export interface Head {
  readonly promise: Ballot;
  readonly chosenThrough: Slot;
  readonly trimmedThrough: Slot;
}

export const emptyHead: Head = { promise: noBallot, chosenThrough: 0, trimmedThrough: 0 };

/**
 * `group 0x00 epoch slot`, so that a group's records lie together, by epoch and then by slot: what an epoch left
 * behind the slot that sealed it is never mistaken for a record of the next.
 */
export function recordKey(group: string, epoch: number, slot: Slot): Buffer {
  const at = group.length + 1;
  const key = Buffer.allocUnsafe(at + 4 + 8);
  key.write(group, 0, "latin1");
  key[group.length] = 0;
  key.writeUInt32BE(epoch, at);
  key.writeUInt32BE(Math.floor(slot / 2 ** 32), at + 4);
  key.writeUInt32BE(slot % 2 ** 32, at + 8);
  return key;
}

export function epochOfKey(key: Buffer): number {
  return key.readUInt32BE(key.length - 12);
}

export function slotOfKey(key: Buffer): Slot {
  const at = key.length - 8;
  return key.readUInt32BE(at) * 2 ** 32 + key.readUInt32BE(at + 4);
}

export function recordValueBytes({ entry }: LogRecord): number {
  return recordHeaderBytes + entry.length;
}

/** `position` counts the bytes of all records ever appended to the group before this one. */
export function encodeRecord(key: Buffer, record: LogRecord, position: number): Buffer {
  const value = Buffer.allocUnsafe(recordValueBytes(record));
  writeRecord(value, 0, key, record, position);
  return value;
}

/** Writes `recordValueBytes(record)` bytes. */
export function writeRecord(
  target: Buffer,
  at: number,
  key: Buffer,
  record: LogRecord,
  position: number,
): void {
  target[at + checksumBytes] = format;
  writeBallot(target, at + checksumBytes + 1, record.ballot);
  target.writeDoubleBE(position, at + recordHeaderBytes - 8);
  target.set(record.entry, at + recordHeaderBytes);
  sealed(key, target.subarray(at, at + recordValueBytes(record)));
}

export function decodeRecord(key: Buffer, value: Buffer): LogRecord {
  verify(key, value, recordHeaderBytes);
  const ballot = readBallot(value, checksumBytes + 1);
  const entry = value.subarray(recordHeaderBytes);
  return { epoch: ballot.epoch, slot: slotOfKey(key), ballot, entry };
}

/** Where the record lies in the group's stream of appended bytes. Throws `CORRUPT_STORE` for less than a record. */
export function positionOf(value: Buffer): { readonly start: number; readonly end: number } {
  if (value.length < recordHeaderBytes) {
    throw new SynodError("CORRUPT_STORE", "a log record is cut off: it was not written like that");
  }
  const start = value.readDoubleBE(recordHeaderBytes - 8);
  return { start, end: start + value.length };
}

export function encodeHead(key: Buffer, head: Head): Buffer {
  const value = Buffer.allocUnsafe(headBytes);
  value[checksumBytes] = format;
  writeBallot(value, checksumBytes + 1, head.promise);
  value.writeDoubleBE(head.chosenThrough, headBytes - 16);
  value.writeDoubleBE(head.trimmedThrough, headBytes - 8);
  return sealed(key, value);
}

export function decodeHead(key: Buffer, value: Buffer): Head {
  verify(key, value, headBytes);
  return {
    promise: readBallot(value, checksumBytes + 1),
    chosenThrough: value.readDoubleBE(headBytes - 16),
    trimmedThrough: value.readDoubleBE(headBytes - 8),
  };
}

/** Any other small thing that must be found as it was written: checksum, format, content. */
export function encodeSealed(key: Buffer, content: Uint8Array): Buffer {
  const value = Buffer.allocUnsafe(checksumBytes + 1 + content.length);
  value[checksumBytes] = format;
  value.set(content, checksumBytes + 1);
  return sealed(key, value);
}

export function decodeSealed(key: Buffer, value: Buffer): Buffer {
  verify(key, value, checksumBytes + 1);
  return value.subarray(checksumBytes + 1);
}

function sealed(key: Buffer, value: Buffer): Buffer {
  value.writeUInt32BE(checksum(key, value), 0);
  return value;
}

function checksum(key: Buffer, value: Buffer): number {
  return crc32(value.subarray(checksumBytes), crc32(key));
}

function verify(key: Buffer, value: Buffer, lengthMin: number): void {
  if (value.length < lengthMin || value.readUInt32BE(0) !== checksum(key, value)) {
    throw new SynodError(
      "CORRUPT_STORE",
      `the log record under ${key.toString("hex")} fails its checksum: the disk returned other bytes than were written`,
    );
  }
  if (value[checksumBytes] !== format) {
    throw new SynodError(
      "INCOMPATIBLE_VERSION",
      `a log record has format ${value[checksumBytes]}; this version reads format ${format}`,
    );
  }
}

export function writeBallot(value: Buffer, at: number, { epoch, round, member }: Ballot): void {
  value.writeUInt32BE(epoch, at);
  value.writeDoubleBE(round, at + 4);
  value.writeDoubleBE(member, at + 12);
}

export function readBallot(value: Buffer, at: number): Ballot {
  return {
    epoch: value.readUInt32BE(at),
    round: value.readDoubleBE(at + 4),
    member: value.readDoubleBE(at + 12),
  };
}

/**
 * What a power failure leaves of a killed node's files: every write since the last flush that succeeded is undone, or
 * any part of them, which a disk was free to carry out already. torture-disk.c keeps what is needed for that.
 */
import {
  closeSync,
  existsSync,
  ftruncateSync,
  fstatSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";

const headBytes = 16;
/** As in `struct record`. */
const recordBytes = 40;

interface Overwritten {
  readonly offset: number;
  readonly length: number;
  readonly old: Buffer;
  readonly oldSize: number;
  /** The write was on disk when it returned. */
  readonly durable: boolean;
}

interface Span {
  readonly start: number;
  readonly end: number;
}

export interface PowerFailure {
  readonly undoneWrites: number;
  readonly keptWrites: number;
}

/**
 * `keeps` decides for each write that was not flushed whether the disk had carried it out all the same. The process
 * that wrote must be gone, and nobody else may have the files open.
 */
export function failPower(
  dataDirectory: string,
  journalDirectory: string,
  keeps: () => boolean,
): PowerFailure {
  let undoneWrites = 0;
  let keptWrites = 0;
  for (const path of filesIn(dataDirectory)) {
    const { dev, ino } = statSync(path, { bigint: true });
    const journal = join(journalDirectory, `${dev}-${ino}`);
    if (!existsSync(journal)) continue;
    const writes = unflushedWrites(readFileSync(journal)).map((write) => ({
      ...write,
      kept: write.durable || keeps(),
    }));
    undo(path, writes);
    undoneWrites += writes.filter(({ kept }) => !kept).length;
    keptWrites += writes.filter(({ kept, durable }) => kept && !durable).length;
  }
  for (const name of readdirSync(journalDirectory)) rmSync(join(journalDirectory, name));
  return { undoneWrites, keptWrites };
}

function filesIn(directory: string): readonly string[] {
  const entries = readdirSync(directory, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name));
}

/** Oldest first. */
function unflushedWrites(journal: Buffer): readonly Overwritten[] {
  const writes: Overwritten[] = [];
  if (journal.length < headBytes) return writes;
  const number = (at: number): number => Number(journal.readBigUInt64LE(at));
  const syncedThrough = number(0);
  for (let at = headBytes; at + recordBytes <= journal.length;) {
    const oldLength = number(at + 16);
    const next = at + recordBytes + oldLength;
    // Cut off: the node was killed before the write itself.
    if (next > journal.length) break;
    if (at >= syncedThrough) {
      writes.push({
        offset: number(at),
        length: number(at + 8),
        old: journal.subarray(at + recordBytes, next),
        oldSize: number(at + 24),
        durable: number(at + 32) === 1,
      });
    }
    at = next;
  }
  return writes;
}

function undo(path: string, writes: readonly (Overwritten & { readonly kept: boolean })[]): void {
  const file = openSync(path, "r+");
  try {
    const kept: Span[] = [];
    let size = fstatSync(file).size;
    for (const write of writes.toReversed()) {
      const { offset, length, old, oldSize } = write;
      if (write.kept) {
        kept.push({ start: offset, end: offset + length });
        continue;
      }
      for (const { start, end } of without({ start: offset, end: offset + old.length }, kept)) {
        writeSync(file, old, start - offset, end - start, start);
      }
      size = Math.min(size, oldSize);
    }
    const keptEnd = Math.max(0, ...kept.map(({ end }) => end));
    if (writes.length > 0) ftruncateSync(file, Math.max(size, keptEnd));
  } finally {
    closeSync(file);
  }
}

/** The parts of a span that lie in none of the others. */
function without(span: Span, others: readonly Span[]): readonly Span[] {
  let parts: Span[] = [span];
  for (const other of others) {
    parts = parts.flatMap(({ start, end }) => {
      if (other.end <= start || other.start >= end) return [{ start, end }];
      const before = { start, end: Math.max(start, other.start) };
      const behind = { start: Math.min(end, other.end), end };
      return [before, behind].filter((part) => part.start < part.end);
    });
  }
  return parts;
}

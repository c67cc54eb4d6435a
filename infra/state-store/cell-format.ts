/**
 * One version of one key, as it lies in a block. The space is the first byte of the stored key, so that cells
 * of all spaces are ordered by their key bytes alone.
 *
 *     offset  bytes
 *     0       2     length of the stored key
 *     2       1     kind
 *     3       1     1 if an expiry follows
 *     4       4     length of the value
 *     8       8     revision
 *     16      8     expiry, if there is one
 *     ...           stored key, value
 */
import type { CutCell } from "../../kv/checkpoint.ts";
import type { Space } from "../../kv/state-reader.ts";
import type { Revision } from "../../kv/revision.ts";
import type { Version, VersionKind } from "../../kv/version.ts";

const plainHeaderBytes = 16;
const expiringHeaderBytes = 24;
export const keyBytesMax = 0xffff;

/** Bytes of a cell in front of its stored key. */
export function cellHeadBytes(expiresAt: Revision): number {
  return expiresAt === 0 ? plainHeaderBytes : expiringHeaderBytes;
}

/** Writes what stands in front of the stored key. */
export function writeCellHead(view: DataView, start: number, cell: CutCell): void {
  const { expiresAt } = cell;
  view.setUint16(start, cell.key.length + 1, true);
  view.setUint8(start + 2, cell.kind);
  view.setUint8(start + 3, expiresAt === 0 ? 0 : 1);
  view.setUint32(start + 4, cell.end - cell.start, true);
  writeSafeInteger(view, start + 8, cell.revision);
  if (expiresAt !== 0) writeSafeInteger(view, start + plainHeaderBytes, expiresAt);
}

export function writeStoredKey(view: DataView, at: number, of: Space, key: string): void {
  view.setUint8(at, of);
  for (let index = 0; index < key.length; index += 1) {
    view.setUint8(at + 1 + index, key.charCodeAt(index));
  }
}

export function storedKeyBytes(view: DataView, cell: number): number {
  return view.getUint16(cell, true);
}

export function storedKeyStart(view: DataView, cell: number): number {
  return cell + (view.getUint8(cell + 3) === 0 ? plainHeaderBytes : expiringHeaderBytes);
}

export function valueBytes(view: DataView, cell: number): number {
  return view.getUint32(cell + 4, true);
}

export function kindOf(view: DataView, cell: number): VersionKind {
  return view.getUint8(cell + 2) as VersionKind;
}

export function revisionOf(view: DataView, cell: number): Revision {
  return readSafeInteger(view, cell + 8);
}

export function expiresAtOf(view: DataView, cell: number): Revision {
  return view.getUint8(cell + 3) === 0 ? 0 : readSafeInteger(view, cell + plainHeaderBytes);
}

/** The version a cell holds, with its value copied to where `keep` puts it. */
export function readVersion(
  bytes: Uint8Array,
  view: DataView,
  cell: number,
  values: ValueKeeper,
): Version {
  const from = storedKeyStart(view, cell) + storedKeyBytes(view, cell);
  const length = valueBytes(view, cell);
  const start = values.keep(bytes, from, length);
  return {
    revision: revisionOf(view, cell),
    kind: kindOf(view, cell),
    expiresAt: expiresAtOf(view, cell),
    source: values.source,
    start,
    end: start + length,
  };
}

/** The same with its value where it lies in the block. */
export function lentVersion(bytes: Uint8Array, view: DataView, cell: number): Version {
  const start = storedKeyStart(view, cell) + storedKeyBytes(view, cell);
  return {
    revision: revisionOf(view, cell),
    kind: kindOf(view, cell),
    expiresAt: expiresAtOf(view, cell),
    source: bytes,
    start,
    end: start + valueBytes(view, cell),
  };
}

const keeperBytes = 16_384;

/**
 * Copies the values that readers are given out of block buffers, which are used again, into buffers that are
 * not. Small values share a buffer: one allocation for a hundred reads.
 */
export class ValueKeeper {
  /** The buffer the last kept value lies in. */
  source = new Uint8Array(keeperBytes);
  #shared = this.source;
  #used = 0;

  /** Returns where in `source` the copy begins. */
  keep(bytes: Uint8Array, from: number, length: number): number {
    if (length > keeperBytes >> 2) {
      this.source = bytes.slice(from, from + length);
      return 0;
    }
    if (this.#used + length > keeperBytes) {
      this.#shared = new Uint8Array(keeperBytes);
      this.#used = 0;
    }
    this.source = this.#shared;
    const start = this.#used;
    this.#shared.set(bytes.subarray(from, from + length), start);
    this.#used += length;
    return start;
  }
}

function writeSafeInteger(view: DataView, at: number, value: number): void {
  view.setUint32(at, value >>> 0, true);
  view.setUint32(at + 4, Math.floor(value / 2 ** 32), true);
}

function readSafeInteger(view: DataView, at: number): number {
  return view.getUint32(at + 4, true) * 2 ** 32 + view.getUint32(at, true);
}

/** Stored keys (space byte, then key bytes): their order, their hash, and the one a search looks for. */
import type { InternalKey, Space } from "../../kv/state-reader.ts";
import { writeStoredKey } from "./cell-format.ts";
import { copyBytes } from "./copy-bytes.ts";

/** Negative, zero or positive as the bytes `left..leftEnd` order before, equal or after `right..rightEnd`. */
export function compareKeys(
  leftView: DataView,
  left: number,
  leftEnd: number,
  rightView: DataView,
  right: number,
  rightEnd: number,
): number {
  const leftLength = leftEnd - left;
  const rightLength = rightEnd - right;
  const common = leftLength < rightLength ? leftLength : rightLength;
  let at = 0;
  // Four bytes at a time, read big-endian so that their numeric order is the byte order.
  for (; at + 4 <= common; at += 4) {
    const leftWord = leftView.getUint32(left + at);
    const rightWord = rightView.getUint32(right + at);
    if (leftWord !== rightWord) return leftWord < rightWord ? -1 : 1;
  }
  for (; at < common; at += 1) {
    const difference = leftView.getUint8(left + at) - rightView.getUint8(right + at);
    if (difference !== 0) return difference;
  }
  return leftLength - rightLength;
}

/** A 32-bit hash of the bytes `start..end`. Stored filters depend on it: it never changes within a format version. */
export function hashKey(view: DataView, start: number, end: number): number {
  let hash = hashStart(end - start);
  let at = start;
  for (; at + 4 <= end; at += 4) hash = hashWord(hash, view.getInt32(at, true));
  for (; at < end; at += 1) hash = hashByte(hash, view.getUint8(at));
  return scramble(hash);
}

/** The steps of `hashKey`, for whoever has the bytes in hand: its start, whole words, then the bytes that are left. */
export function hashStart(length: number): number {
  return length | 0;
}

export function hashWord(hash: number, word: number): number {
  const mixed = Math.imul(hash ^ word, 0x5bd1e995);
  return mixed ^ (mixed >>> 15);
}

export function hashByte(hash: number, byte: number): number {
  return Math.imul(hash ^ byte, 0x01000193);
}

/** Spreads every bit of `hash` over all 32. */
export function scramble(hash: number): number {
  let mixed = hash ^ (hash >>> 16);
  mixed = Math.imul(mixed, 0x85ebca6b);
  mixed ^= mixed >>> 13;
  mixed = Math.imul(mixed, 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}

/** The key a reader looks for, as bytes; reused from search to search. */
export class SearchKey {
  #view = new DataView(new ArrayBuffer(128));
  #length = 0;

  set(of: Space, key: InternalKey): void {
    this.#resize(key.length + 1);
    writeStoredKey(this.#view, 0, of, key);
  }

  /** Behind every key of the space, before every key of the next. */
  setBehind(of: Space): void {
    this.#resize(1);
    this.#view.setUint8(0, of + 1);
  }

  copy(view: DataView, start: number, end: number): void {
    this.#resize(end - start);
    copyBytes(view, start, end, this.#view, 0);
  }

  hash(): number {
    return hashKey(this.#view, 0, this.#length);
  }

  /** As `compareKeys`, with the searched key on the right. */
  compareWith(view: DataView, start: number, end: number): number {
    return compareKeys(view, start, end, this.#view, 0, this.#length);
  }

  #resize(length: number): void {
    if (length > this.#view.byteLength) this.#view = new DataView(new ArrayBuffer(2 * length));
    this.#length = length;
  }
}

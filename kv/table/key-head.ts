/**
 * A key's head: a few of its bytes as a number, so that most comparisons of keys read neighbouring numbers instead of
 * following references to strings that no cache holds. Where heads are equal the keys themselves have to be compared.
 */
import type { InternalKey } from "../state-reader.ts";

/** As many bytes as a number holds exactly. */
const headLength = 6;

/** Of the bytes from position `from` on. Never higher than the head of a higher key that begins alike up to there. */
export function headOf(key: InternalKey, from: number): number {
  if (key.length < from + headLength) return headOfShort(key, from);
  const high =
    (key.charCodeAt(from) << 16) | (key.charCodeAt(from + 1) << 8) | key.charCodeAt(from + 2);
  const low =
    (key.charCodeAt(from + 3) << 16) | (key.charCodeAt(from + 4) << 8) | key.charCodeAt(from + 5);
  return high * 0x100_0000 + low;
}

/** A key that ends early counts as if zero bytes followed. */
function headOfShort(key: InternalKey, from: number): number {
  let head = 0;
  for (let at = from; at < from + headLength; at++) {
    head = head * 256 + (at < key.length ? key.charCodeAt(at) : 0);
  }
  return head;
}

/** How many bytes two keys, and so all keys between them, begin with alike. */
export function sharedLength(left: InternalKey, right: InternalKey): number {
  const length = Math.min(left.length, right.length);
  let shared = 0;
  while (shared < length && left.charCodeAt(shared) === right.charCodeAt(shared)) shared++;
  return shared;
}

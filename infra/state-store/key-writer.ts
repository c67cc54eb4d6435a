/**
 * Writes stored keys, and in the same pass over their bytes hashes them and compares them with the key before. Both come
 * out as `hashKey` and `compareKeys` have them.
 */
import type { InternalKey, Space } from "../../kv/state-reader.ts";
import { compareKeys, hashByte, hashStart, hashWord, scramble } from "./stored-key.ts";

export class KeyWriter {
  hash = 0;
  /** Negative, zero or positive as the key before orders before, equal or after the one written. */
  order = 0;

  /** Writes a key at `at`; `before..beforeEnd` is the one to compare it with, in the same view. */
  write(
    view: DataView,
    at: number,
    of: Space,
    key: InternalKey,
    before: number,
    beforeEnd: number,
  ): void {
    const { length } = key;
    // Of the words both keys have: where they first differ decides, and is mostly in one of them.
    const wordsEnd = beforeEnd - before - 4;
    let differing = 0;
    let hash = hashStart(1 + length);
    let other = 0;
    let written = 0;
    let word = of | 0;
    let index = -1;
    for (; index + 4 <= length; index += 4) {
      word =
        (index < 0 ? of : key.charCodeAt(index)) |
        (key.charCodeAt(index + 1) << 8) |
        (key.charCodeAt(index + 2) << 16) |
        (key.charCodeAt(index + 3) << 24);
      view.setInt32(at + 1 + index, word, true);
      hash = hashWord(hash, word);
      if (differing === 0 && index + 1 <= wordsEnd) {
        other = view.getInt32(before + 1 + index, true);
        differing = other ^ word;
        written = word;
      }
    }
    for (; index < length; index += 1) {
      const byte = index < 0 ? of : key.charCodeAt(index);
      view.setUint8(at + 1 + index, byte);
      hash = hashByte(hash, byte);
    }
    this.hash = scramble(hash);
    if (differing === 0) {
      this.order = compareKeys(view, before, beforeEnd, view, at, at + 1 + length);
    } else {
      const shift = (31 - Math.clz32(differing & -differing)) & ~7;
      this.order = ((other >>> shift) & 0xff) - ((written >>> shift) & 0xff);
    }
  }
}

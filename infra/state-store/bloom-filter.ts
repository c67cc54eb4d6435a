/**
 * Tells most keys that a run does not hold from those it may hold, at 10 bits a key. All bits of a key lie in
 * one 64-byte line, so that a question costs one cache miss; about 1.5 % of the absent keys pass.
 */
import { scramble } from "./stored-key.ts";

const bitsPerKey = 10;
const wordsPerLine = 16;
const bitsPerLine = wordsPerLine * 32;

/** Words a filter for `keys` keys takes. */
export function filterWords(keys: number): number {
  return Math.max(1, Math.ceil((keys * bitsPerKey) / bitsPerLine)) * wordsPerLine;
}

/** Adds keys, given by their hashes, to the filter in `words`. */
export function addToFilter(words: Uint32Array, hashes: Uint32Array): void {
  const lines = words.length / wordsPerLine;
  // Walked by position: an iterator would make an object for each key, and a number that is no small integer.
  for (let at = 0; at < hashes.length; at += 1) {
    const hash = hashes[at] ?? 0;
    const line = lineOf(hash, lines);
    const first = scramble(hash ^ 0x9e3779b9);
    const second = Math.imul(first, 0xcc9e2d51) >>> 0;
    setBit(words, line, first);
    setBit(words, line, first >>> 9);
    setBit(words, line, first >>> 18);
    setBit(words, line, second >>> 5);
    setBit(words, line, second >>> 14);
    setBit(words, line, second >>> 23);
  }
}

/** False only if no key with this hash was added. */
export function mayContain(words: Uint32Array, hash: number): boolean {
  const line = lineOf(hash, words.length / wordsPerLine);
  const first = scramble(hash ^ 0x9e3779b9);
  if (!hasBit(words, line, first)) return false;
  if (!hasBit(words, line, first >>> 9)) return false;
  if (!hasBit(words, line, first >>> 18)) return false;
  const second = Math.imul(first, 0xcc9e2d51) >>> 0;
  return (
    hasBit(words, line, second >>> 5) &&
    hasBit(words, line, second >>> 14) &&
    hasBit(words, line, second >>> 23)
  );
}

function lineOf(hash: number, lines: number): number {
  return Math.floor((hash / 2 ** 32) * lines) * wordsPerLine;
}

function setBit(words: Uint32Array, line: number, bits: number): void {
  const bit = bits & (bitsPerLine - 1);
  const word = line + (bit >>> 5);
  words[word] = (words[word] ?? 0) | (1 << (bit & 31));
}

function hasBit(words: Uint32Array, line: number, bits: number): boolean {
  const bit = bits & (bitsPerLine - 1);
  return (((words[line + (bit >>> 5)] ?? 0) >>> (bit & 31)) & 1) !== 0;
}

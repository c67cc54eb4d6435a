/** Integers kept as decimal text, as `increment` reads and writes them. */

/** Characters of the longest safe integer with its sign. */
const lengthMax = 17;
const minus = 0x2d;
const zero = 0x30;
const nine = 0x39;

/** The integer written in `[start, end)`; undefined when it is anything else, or not a safe integer. */
export function parseInteger(source: Uint8Array, start: number, end: number): number | undefined {
  const negative = source[start] === minus;
  const first = negative ? start + 1 : start;
  if (first >= end || end - start > lengthMax) return undefined;
  let magnitude = 0;
  for (let at = first; at < end; at++) {
    const digit = source[at] as number;
    if (digit < zero || digit > nine) return undefined;
    magnitude = magnitude * 10 + (digit - zero);
  }
  if (!Number.isSafeInteger(magnitude)) return undefined;
  // Not `-magnitude`: there is no negative zero in a store.
  return negative ? 0 - magnitude : magnitude;
}

export function integerBytes(value: number): Uint8Array {
  const text = String(value);
  const bytes = new Uint8Array(text.length);
  for (let at = 0; at < text.length; at++) bytes[at] = text.charCodeAt(at);
  return bytes;
}

/** How 32-bit random words become the numbers of the randomness port. */

/** Uniform in [0, 1), with all 53 bits of a double's precision. */
export function joinedFraction(high: number, low: number): number {
  return ((high >>> 5) * 2 ** 26 + (low >>> 6)) / 2 ** 53;
}

/** Uniform in [1, 2^52): 0 is left out because it stands for "nobody" wherever identifiers are used. */
export function joinedIdentifier(nextWord: () => number): number {
  for (;;) {
    const identifier = (nextWord() >>> 12) * 2 ** 32 + (nextWord() >>> 0);
    if (identifier !== 0) return identifier;
  }
}

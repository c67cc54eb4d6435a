/** Keys by number, in no order: whoever writes them one after the other writes all over the range. */

/** Odd, so that no two numbers below 2^32 have the same key. */
const scrambler = 0x9e3779b1;

/** A letter of the region that the benchmarks use, and eight digits to the base of 16. */
export function keyAt(number: number): string {
  return `k${(Math.imul(number, scrambler) >>> 0).toString(16).padStart(8, "0")}`;
}

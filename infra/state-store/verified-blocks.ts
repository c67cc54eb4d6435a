/**
 * Which blocks were found intact a moment ago. Summing up a whole block costs as much as all else that a point read does
 * with it, and a key that is read for the thousandth time lies in a page that the system has in memory: nothing but that
 * memory could have changed it. So a point read trusts a block for a while, and then looks again.
 */
import type { Cancel, Clock } from "../clock/clock.ts";

/** A block is verified again after this at the latest. Pages that were read so lately are hardly ever read from the disk. */
const trustMs = 10_000;

/** The time within which a block is verified once. */
export class TrustPeriod {
  readonly #clock: Clock;
  #number = 0;
  #cancel: Cancel | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get number(): number {
    return this.#number;
  }

  /** A block was verified: the period ends in a while. Without reads there is no timer. */
  begin(): void {
    this.#cancel ??= this.#clock.after(trustMs, () => this.end());
  }

  /** What was verified so far is not trusted any more. */
  end(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    this.#number += 1;
  }
}

/** Those of one run. */
export class VerifiedBlocks {
  readonly #bits: Uint32Array;
  /** What the bits say was found in this period. */
  #period = -1;

  constructor(blocks: number) {
    this.#bits = new Uint32Array(Math.ceil(blocks / 32));
  }

  has(block: number, period: number): boolean {
    if (period !== this.#period) return false;
    return (((this.#bits[block >>> 5] ?? 0) >>> (block & 31)) & 1) === 1;
  }

  add(block: number, period: number): void {
    const bits = this.#bits;
    if (period !== this.#period) bits.fill(0);
    this.#period = period;
    bits[block >>> 5] = (bits[block >>> 5] ?? 0) | (1 << (block & 31));
  }
}

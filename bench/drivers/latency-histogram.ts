/**
 * Counts latencies to three significant digits, as the drivers in bench/peers do. Node's own histogram takes a call out of
 * the engine for each: a noticeable part of what an operation costs its client.
 */

/** Below it every microsecond has a counter of its own; above, each doubling has half as many. */
const exactBelow = 2_048;
const exactBits = 11;
const perDoubling = exactBelow / 2;
/** Two minutes and more. */
const longestUs = 2 ** 27 - 1;

export class LatencyHistogram {
  readonly #counts = new Uint32Array(indexOf(longestUs) + 1);
  #count = 0;
  #max = 0;

  get count(): number {
    return this.#count;
  }

  get max(): number {
    return this.#max;
  }

  /** Whole microseconds. */
  record(us: number): void {
    const index = indexOf(Math.min(us, longestUs));
    this.#counts[index] = (this.#counts[index] ?? 0) + 1;
    this.#count += 1;
    if (us > this.#max) this.#max = us;
  }

  /** The least latency that no more than `1 - share` of all exceed. */
  percentile(share: number): number {
    const wanted = Math.ceil(this.#count * share);
    let seen = 0;
    for (const [index, count] of this.#counts.entries()) {
      seen += count;
      if (count > 0 && seen >= wanted) return Math.min(highestOf(index), this.#max);
    }
    return this.#max;
  }
}

function indexOf(us: number): number {
  const doublings = Math.max(0, 32 - Math.clz32(us) - exactBits);
  return doublings * perDoubling + (us >>> doublings);
}

/** The highest latency that counts at this place. */
function highestOf(index: number): number {
  if (index < exactBelow) return index;
  const doublings = Math.floor(index / perDoubling) - 1;
  const lowest = (index - doublings * perDoubling) << doublings;
  return lowest + 2 ** doublings - 1;
}

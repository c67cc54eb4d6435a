/**
 * How much of what lies in a group's runs is hidden by newer versions, and would go if they were merged. Nobody counts
 * that while writing, since a put does not look for what was there. The filters tell it well enough: of a few keys of a
 * run each is looked for in the runs behind it.
 */
import type { Run } from "./run.ts";

const samplesMax = 64;

export class HiddenBytes {
  /** Runs never change, and what lies behind one is merged and remains. */
  readonly #known = new WeakMap<Run, number>();

  /**
   * Bytes of versions that the run holds newer ones of, or that lie behind it and are hidden by its own. An estimate,
   * which takes what a put hides to be as large as the put, and what a tombstone hides to be as large as cells are on
   * average.
   */
  by(runs: readonly Run[], position: number): number {
    const run = runs[position];
    if (run === undefined) return 0;
    let hidden = this.#known.get(run);
    if (hidden === undefined) {
      hidden = estimate(run, runs.slice(position + 1));
      this.#known.set(run, hidden);
    }
    return hidden;
  }
}

function estimate(run: Run, older: readonly Run[]): number {
  const { cells, keys, bytes, tombstones = 0 } = run.descriptor;
  const newestOfKey = keys / cells;
  const hiddenByKeys = bytes * (1 - newestOfKey * (1 - shareOfKeys(run, older)));
  let bytesBehind = 0;
  let cellsBehind = 0;
  for (const { descriptor } of older) {
    bytesBehind += descriptor.bytes;
    cellsBehind += descriptor.cells;
  }
  const deleted = Math.min(tombstones, cellsBehind);
  return hiddenByKeys + (deleted === 0 ? 0 : (bytesBehind * deleted) / cellsBehind);
}

/** How many of the run's keys lie behind it as well, 0 to 1; filters say so of a few more than do. */
function shareOfKeys(run: Run, older: readonly Run[]): number {
  const { blocks } = run.descriptor;
  const samples = Math.min(samplesMax, blocks);
  let found = 0;
  for (let sample = 0; sample < samples; sample += 1) {
    const hash = run.firstHash(Math.floor(((sample + 0.5) * blocks) / samples));
    if (older.some((one) => one.mayContain(hash))) found += 1;
  }
  return found / samples;
}

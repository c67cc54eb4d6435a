/**
 * How much of what lies in a group's runs is hidden by newer versions, and would go if they were merged. Nobody counts
 * that while writing, since a put does not look for what was there. The filters tell it well enough: of a few keys of a run
 * each is looked for in the runs behind it.
 */
import type { Run } from "./run.ts";

const samplesMax = 64;

export class HiddenBytes {
  /** Runs never change, and what lies behind one is merged and remains. */
  readonly #known = new WeakMap<Run, number>();

  /** Bytes of versions that the run itself holds newer ones of, and of those behind it that its keys hide. Estimated. */
  by(runs: readonly Run[], position: number): number {
    const run = runs[position];
    if (run === undefined) return 0;
    const known = this.#known.get(run);
    if (known !== undefined) return known;
    const { cells, keys, bytes } = run.descriptor;
    const hidden = bytes * (1 - keys / cells) + keys * bytesBehind(run, runs.slice(position + 1));
    this.#known.set(run, hidden);
    return hidden;
  }
}

/** What one of the run's keys hides on average: a key's share of the newest run behind it that holds the key. */
function bytesBehind(run: Run, older: readonly Run[]): number {
  const { blocks } = run.descriptor;
  const samples = Math.min(samplesMax, blocks);
  let hidden = 0;
  for (let sample = 0; sample < samples; sample += 1) {
    const hash = run.firstHash(Math.floor(((sample + 0.5) * blocks) / samples));
    const holder = older.find((one) => one.mayContain(hash));
    if (holder !== undefined) hidden += holder.descriptor.bytes / holder.descriptor.keys;
  }
  return hidden / samples;
}

/** Runs a test for one seed after the other; what fails says how to have that seed again, alone. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  simulatedCluster,
  type VirtualCluster,
  type VirtualClusterOptions,
} from "./virtual-cluster.ts";

export interface SeedsOptions extends Omit<VirtualClusterOptions, "seed" | "recorded"> {
  /** How many, 10 unless given. `SYNOD_SEEDS` says it for all tests. */
  readonly seeds?: number;
  /** The first of them, 1 unless given. `SYNOD_SEED` is the one and only. */
  readonly seedStart?: number;
}

/** A test failed with a seed; `cause` is what it threw. */
export class SeedFailed extends Error {
  override readonly name = "SeedFailed";
  readonly seed: number;

  constructor(seed: number, cause: unknown, seen: string | undefined) {
    const text = cause instanceof Error ? cause.message : String(cause);
    const next = seen ?? `SYNOD_SEED_OUT=DIR has its trace and its picture written there as well.`;
    super(
      `seed ${seed}: ${text}\n  SYNOD_SEED=${seed} in the environment runs it again, alone. ${next}`,
      {
        cause,
      },
    );
    this.seed = seed;
  }
}

/**
 * Calls `test` with a new cluster for each seed, and rejects with a `SeedFailed` at the first that throws.
 *
 * With `SYNOD_SEED=7` in the environment only that seed runs, with `SYNOD_SEEDS=500` so many. With `SYNOD_SEED_OUT=DIR`
 * runs are recorded, and of one that fails a trace and a sequence chart are written there: `seed-7.txt`, `seed-7.svg`.
 *
 * @example
 * await forEachSeed({ seeds: 20 }, async (cluster) => {
 *   const bucket = cluster.connect().bucket();
 *   cluster.startFaults();
 *   await cluster.run(() => program(bucket));
 *   cluster.stopFaults();
 *   await cluster.check();
 * });
 */
export async function forEachSeed(
  options: SeedsOptions,
  test: (cluster: VirtualCluster, seed: number) => Promise<void>,
): Promise<void> {
  const only = numberIn("SYNOD_SEED");
  const { seeds = 10, seedStart = 1, ...clusterOptions } = options;
  const first = only ?? seedStart;
  const count = only === undefined ? (numberIn("SYNOD_SEEDS") ?? seeds) : 1;
  const out = process.env["SYNOD_SEED_OUT"];
  for (let seed = first; seed < first + count; seed++) {
    const cluster = await simulatedCluster({ ...clusterOptions, seed, recorded: Boolean(out) });
    try {
      await test(cluster, seed);
    } catch (cause) {
      throw new SeedFailed(seed, cause, out ? write(out, seed, cluster) : undefined);
    }
  }
}

function numberIn(name: string): number | undefined {
  const text = process.env[name];
  if (text === undefined || text === "") return undefined;
  const number = Number(text);
  if (Number.isSafeInteger(number) && number >= 0) return number;
  throw new Error(`${name} is '${text}', which is no whole number`);
}

function write(directory: string, seed: number, cluster: VirtualCluster): string {
  const recording = cluster.recording({ title: `seed ${seed}` });
  if (recording === undefined) return "";
  mkdirSync(directory, { recursive: true });
  const [text, picture] = [
    join(directory, `seed-${seed}.txt`),
    join(directory, `seed-${seed}.svg`),
  ];
  writeFileSync(text, `${recording.wholeTrace.join("\n")}\n\n${recording.chartText}`);
  writeFileSync(picture, recording.chartSvg);
  return `Written: ${text}, ${picture}`;
}

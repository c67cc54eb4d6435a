/** What a torture run consists of, from the command line. */
import { parseArgs } from "node:util";

export interface TortureOptions {
  readonly minutes: number;
  /** One after the other, each for its share of the minutes. */
  readonly nodeCounts: readonly (3 | 5)[];
  readonly seed: number;
  readonly jsonFile: string | undefined;
  /** Where results are kept. */
  readonly resultsFolder: string;
  /** Without a C compiler there is neither slow disk nor power failure: the run has to say that it does without. */
  readonly withoutLibrary: boolean;
  readonly acknowledgedMin: number;
  /** Every fault class has to strike that often. */
  readonly strikesMin: number;
  readonly leaderChangesMin: number;
  /** Mean pause of a client between an answer and its next operation. */
  readonly thinkMs: number;
  /** A deliberate mistake in the product, which the run has to find. */
  readonly broken: string | undefined;
}

export const usage = `npm run torture -- --minutes M [options]

  --minutes M          how long faults last, over all clusters (default 4)
  --nodes 3|5          one cluster of that size; both, one after the other, unless given
  --seed S             draws faults and operations (default: from the time)
  --json FILE          the results as JSON, beside those that are kept anyway
  --out DIR            where results are kept (default torture-results)
  --without-library    without what needs a C compiler: slow and failing disks, power failures, clock jumps
  --acknowledged N     operations that have to be acknowledged (default 10000)
  --strikes N          how often each fault class has to strike (default 1)
  --leader-changes N   how often another leader has to take over (default 1)
  --think-ms N         mean pause of a client between two operations (default 15)
  --broken NAME        run a product with a deliberate mistake in it, and fail unless that is found`;

export class UsageError extends Error {
  override readonly name = "UsageError";
}

export function parseOptions(args: readonly string[]): TortureOptions {
  const { values } = parse(args);
  const whole = (name: keyof typeof values, least: number, missing: number): number => {
    const text = values[name];
    if (text === undefined) return missing;
    const number = Number(text);
    if (Number.isSafeInteger(number) && number >= least) return number;
    throw new UsageError(`--${name} takes a whole number from ${least} up, not ${String(text)}`);
  };
  const minutes = Number(values.minutes ?? 4);
  if (!(minutes > 0 && minutes <= 24 * 60)) {
    throw new UsageError(`--minutes takes a number above 0, not ${values.minutes}`);
  }
  return {
    minutes,
    nodeCounts: nodeCountsOf(values.nodes),
    seed: whole("seed", 0, Math.floor(Date.now() / 1_000)),
    jsonFile: values.json,
    resultsFolder: values.out ?? "torture-results",
    withoutLibrary: values["without-library"] === true,
    acknowledgedMin: whole("acknowledged", 0, 10_000),
    strikesMin: whole("strikes", 0, 1),
    leaderChangesMin: whole("leader-changes", 0, 1),
    thinkMs: whole("think-ms", 1, 15),
    broken: values.broken,
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        minutes: { type: "string" },
        nodes: { type: "string" },
        seed: { type: "string" },
        json: { type: "string" },
        out: { type: "string" },
        "without-library": { type: "boolean" },
        acknowledged: { type: "string" },
        strikes: { type: "string" },
        "leader-changes": { type: "string" },
        "think-ms": { type: "string" },
        broken: { type: "string" },
      },
    });
  } catch (failure) {
    throw new UsageError(failure instanceof Error ? failure.message : String(failure));
  }
}

function nodeCountsOf(text: string | undefined): readonly (3 | 5)[] {
  if (text === undefined) return [3, 5];
  if (text === "3") return [3];
  if (text === "5") return [5];
  throw new UsageError(`--nodes takes 3 or 5, not ${text}`);
}

/** Runs the same again. */
export function commandOf(options: TortureOptions): string {
  const { minutes, nodeCounts, seed, withoutLibrary, acknowledgedMin, broken } = options;
  const nodes = nodeCounts.length === 1 ? ` --nodes ${nodeCounts[0]}` : "";
  const library = withoutLibrary ? " --without-library" : "";
  const least = acknowledgedMin === 10_000 ? "" : ` --acknowledged ${acknowledgedMin}`;
  const strikes = options.strikesMin === 1 ? "" : ` --strikes ${options.strikesMin}`;
  const leaders =
    options.leaderChangesMin === 1 ? "" : ` --leader-changes ${options.leaderChangesMin}`;
  const think = options.thinkMs === 15 ? "" : ` --think-ms ${options.thinkMs}`;
  const mistake = broken === undefined ? "" : ` --broken ${JSON.stringify(broken)}`;
  return `npm run torture -- --minutes ${minutes}${nodes} --seed ${seed}${library}${least}${strikes}${leaders}${think}${mistake}`;
}

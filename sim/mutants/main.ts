/**
 * Lets the simulator loose on each mutant and prints which check caught it, and after how many seeds. The same seeds
 * pass on the product as it is. `npm run sim:mutants`, or with words of a mutant's name to try only some.
 */
import { writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { Command, InvalidArgumentError } from "commander";
import type { Mutant } from "./mutant.ts";
import { mutants } from "./mutants.ts";
import { killRunning, runSeeds } from "./seeds-run.ts";
import { closeWorkshops, makeMutant, unpatched } from "./workshop.ts";

interface Outcome {
  readonly mutant: Mutant;
  readonly caught: boolean;
  /** The check that caught it, or what happened instead. */
  readonly verdict: string;
  readonly seeds: number;
}

/** The product as it is, on the seeds that a set of mutants needed. */
interface Innocence {
  readonly options: readonly string[];
  readonly seeds: number;
  readonly passed: boolean;
  readonly output: string;
}

interface Settings {
  readonly json?: string;
  readonly jobs: number;
  readonly secondsPerSeed: number;
  readonly list: boolean;
}

const jobsMax = 2;
const command = new Command("npm run sim:mutants --")
  .description("tries whether the simulator notices deliberate bugs")
  .argument("[words...]", "only mutants with all of these words in their names")
  .option("--json <file>", "write the table there as well")
  .option(
    "--jobs <count>",
    "so many at once",
    wholeNumber,
    Math.min(jobsMax, availableParallelism()),
  )
  .option("--seconds-per-seed <count>", "no seed may take longer", wholeNumber, 180)
  .option("--list", "name them, and try none", false)
  .parse();
const settings = command.opts<Settings>();
const chosen = mutants.filter(({ name }) => command.args.every((word) => name.includes(word)));
if (chosen.length === 0) {
  command.error("error: no mutant has these words in its name; --list names them", { exitCode: 2 });
}

if (settings.list) {
  for (const { name } of chosen) console.log(name);
} else {
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.once(signal, () => {
      killRunning();
      closeWorkshops();
      process.exit(1);
    });
  }
  try {
    await tryAll();
  } finally {
    closeWorkshops();
  }
}

async function tryAll(): Promise<void> {
  const outcomes = await inParallel(chosen, tryMutant);
  const innocence = await inParallel(suspects(outcomes), tryUnpatched);
  printTable(outcomes);
  const uncaught = outcomes.filter(({ caught }) => !caught);
  const guilty = innocence.filter(({ passed }) => !passed);
  for (const { output } of guilty) console.log(output);
  console.log(`${outcomes.length - uncaught.length} of ${outcomes.length} mutants caught`);
  if (settings.json !== undefined) writeTable(settings.json, outcomes, innocence);
  process.exitCode = uncaught.length === 0 && guilty.length === 0 ? 0 : 1;
}

function writeTable(
  file: string,
  outcomes: readonly Outcome[],
  innocence: readonly Innocence[],
): void {
  const rows = outcomes.map(({ mutant, caught, verdict, seeds }) => ({
    name: mutant.name,
    check: verdict,
    seeds,
    seedsStated: mutant.seeds,
    caught,
    options: mutant.options ?? [],
    unpatchedPasses: innocence.some(
      ({ options, passed }) => passed && String(options) === String(mutant.options ?? []),
    ),
  }));
  writeFileSync(file, `${JSON.stringify(rows, null, 2)}\n`);
}

async function tryMutant(mutant: Mutant, number: number): Promise<Outcome> {
  const bench = makeMutant(mutant, number);
  const { secondsPerSeed } = settings;
  const run = await runSeeds(bench.simulator, mutant.options ?? [], mutant.seeds, secondsPerSeed);
  bench.close();
  const { violated, broken, seeds } = run;
  const caught = violated !== undefined && mutant.caughtBy.includes(violated);
  const verdict = violated ?? broken ?? "nobody noticed";
  console.log(`${caught ? "caught" : "MISSED"}  ${mutant.name}  |  ${verdict}  |  seed ${seeds}`);
  return { mutant, verdict, caught, seeds };
}

/** Seeds that caught mutants under the same options are tried once for all of them. */
function suspects(outcomes: readonly Outcome[]): readonly Omit<Innocence, "passed" | "output">[] {
  const seedsByOptions = new Map<string, number>();
  for (const { mutant, seeds } of outcomes) {
    const options = JSON.stringify(mutant.options ?? []);
    seedsByOptions.set(options, Math.max(seeds, seedsByOptions.get(options) ?? 0));
  }
  return [...seedsByOptions].map(([options, seeds]) => ({
    options: JSON.parse(options) as readonly string[],
    seeds,
  }));
}

async function tryUnpatched(suspect: Omit<Innocence, "passed" | "output">): Promise<Innocence> {
  const { options, seeds } = suspect;
  const run = await runSeeds(unpatched, options, seeds, settings.secondsPerSeed);
  const passed = run.violated === undefined && run.broken === undefined;
  console.log(`unpatched  ${options.join(" ")}  ${seeds} seeds: ${passed ? "passed" : "FAILED"}`);
  return { options, seeds, passed, output: passed ? "" : run.output };
}

/** In the order of the items, whatever the order in which they end. */
async function inParallel<Item, Result>(
  items: readonly Item[],
  act: (item: Item, number: number) => Promise<Result>,
): Promise<readonly Result[]> {
  const results: Result[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < items.length) {
      const number = next;
      next += 1;
      const item = items[number];
      if (item !== undefined) results[number] = await act(item, number);
    }
  };
  await Promise.all(Array.from({ length: settings.jobs }, worker));
  return results;
}

function printTable(outcomes: readonly Outcome[]): void {
  const rows = outcomes.map(({ mutant, verdict, caught, seeds }) => [
    mutant.name,
    `${seeds} of ${mutant.seeds}`,
    caught ? verdict : `MISSED: ${verdict}`,
  ]);
  const table = [["mutant", "seeds", "caught by"], ...rows];
  const widths = [0, 1].map((column) =>
    Math.max(...table.map((row) => (row[column] ?? "").length)),
  );
  for (const row of table) {
    console.log(row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("  "));
  }
}

function wholeNumber(text: string): number {
  const number = Number(text);
  if (!Number.isSafeInteger(number) || number < 1) {
    throw new InvalidArgumentError("It must be a whole number, 1 or more.");
  }
  return number;
}

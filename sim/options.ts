/** What a run of the simulator consists of, from the command line. */
import { Command, InvalidArgumentError, Option } from "commander";
import { keyNames } from "./run-seed.ts";
import { faultClasses, type FaultClass } from "./nemesis.ts";
import { parseStrikeNumbers } from "./strike-numbers.ts";

export interface SimulationOptions {
  /** This one alone; otherwise `seeds` of them from `seedStart` on. */
  readonly seed?: number;
  readonly seeds: number;
  readonly seedStart: number;
  readonly nodes: 1 | 3 | 5 | 7;
  readonly faultsMs: number;
  /** All classes when left out. */
  readonly faults?: readonly FaultClass[];
  /** Flexible quorums, both or neither. */
  readonly phase1?: number;
  readonly phase2?: number;
  /** Strikes that are left out. */
  readonly without?: ReadonlySet<number>;
  readonly clients?: number;
  readonly rawClients?: number;
  readonly watchers?: 0 | 1 | 2 | 3;
  readonly keys?: number;
  readonly untilFailure: boolean;
  readonly twice: boolean;
}

/** Prints what is wrong, and how it is used, instead of throwing. */
export function parseOptions(args: readonly string[]): SimulationOptions {
  const program = new Command("sim");
  program
    .description("Whole clusters in one process on virtual time, under faults drawn from a seed.")
    .option("--seed <number>", "run this seed again", wholeNumber)
    .option("--seeds <number>", "how many seeds", wholeNumber, 10)
    .option("--seed-start <number>", "the first of them", wholeNumber, 1)
    .addOption(
      new Option("--nodes <count>", "nodes of each cluster")
        .choices(["1", "3", "5", "7"])
        .default("3"),
    )
    .option("--faults-ms <number>", "virtual milliseconds under faults", wholeNumber, 20_000)
    .option("--faults <names>", `some faults only, of ${faultClasses.join(", ")}`, faultNames)
    .option("--phase1 <number>", "quorum of phase 1, with --phase2", wholeNumber)
    .option("--phase2 <number>", "quorum of phase 2, with --phase1", wholeNumber)
    .option("--without <strikes>", "leave out strikes, by number: 3,7-9", strikeNumbers)
    .option("--clients <count>", "clients of the library", wholeNumber)
    .option("--raw-clients <count>", "clients on raw subjects", wholeNumber)
    .option("--watchers <count>", "programs that watch, up to 3", watcherCount)
    .option("--keys <count>", `keys that clients use, up to ${keyNames.length}`, keyCount)
    .option("--until-failure", "stop at the first seed that fails", false)
    .option("--twice", "run each seed a second time and compare", false)
    .parse(args, { from: "user" });
  const { nodes, ...options } = program.opts<
    Omit<SimulationOptions, "nodes"> & { nodes: string }
  >();
  if ((options.phase1 === undefined) !== (options.phase2 === undefined)) {
    program.error("error: --phase1 and --phase2 go together");
  }
  return { ...options, nodes: Number(nodes) as SimulationOptions["nodes"] };
}

function wholeNumber(text: string): number {
  const number = Number(text);
  if (!Number.isSafeInteger(number) || number < 0) {
    throw new InvalidArgumentError("It must be a whole number.");
  }
  return number;
}

function faultNames(text: string): FaultClass[] {
  return text.split(",").map((name) => {
    const found = faultClasses.find((fault) => fault === name);
    if (found === undefined) throw new InvalidArgumentError(`No fault is called ${name}.`);
    return found;
  });
}

function strikeNumbers(text: string): ReadonlySet<number> {
  const numbers = parseStrikeNumbers(text);
  if (numbers === undefined) throw new InvalidArgumentError("It must be like 3,7-9.");
  return numbers;
}

function watcherCount(text: string): number {
  const count = wholeNumber(text);
  if (count > 3) throw new InvalidArgumentError("It must be from 0 to 3.");
  return count;
}

function keyCount(text: string): number {
  const count = wholeNumber(text);
  if (count < 1 || count > keyNames.length) {
    throw new InvalidArgumentError(`It must be from 1 to ${keyNames.length}.`);
  }
  return count;
}

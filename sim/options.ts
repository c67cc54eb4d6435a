/** What a run of the simulator consists of, from the command line. */
import { Command, InvalidArgumentError, Option } from "commander";
import { faultClasses, type FaultClass } from "./nemesis.ts";

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

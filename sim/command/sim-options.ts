/**
 * The command line of the simulator, for `npm run sim` and for `synod sim`. The simulator itself is loaded when a command
 * runs: whoever asks for another command, or for help, does not wait for it.
 */
import { InvalidArgumentError, Option, type Command } from "commander";
import { parseStrikeNumbers } from "../strike-numbers.ts";
import { keysDefault, keysMax } from "../workload/key-names.ts";

export const traceLevels = ["none", "faults", "messages", "all"] as const;
export type TraceLevel = (typeof traceLevels)[number];

export interface SimulationOptions {
  /** This one alone, with a trace. */
  readonly seed?: number;
  /** This one, which fails, made smaller. */
  readonly shrink?: number;
  /** Otherwise so many, from `seedStart` on. */
  readonly seeds: number;
  readonly seedStart: number;
  /** In place of a number of seeds: until so much real time has passed. */
  readonly minutes?: number;
  readonly nodes: 1 | 3 | 5 | 7;
  readonly faultsMs: number;
  /** Names, not yet looked at; all classes when left out. */
  readonly faults?: readonly string[];
  /** Strikes that are left out. */
  readonly without?: ReadonlySet<number>;
  readonly clients?: number;
  readonly rawClients?: number;
  readonly bankers?: number;
  readonly watchers?: 0 | 1 | 2 | 3;
  readonly keys?: number;
  /** Flexible quorums, both or neither. */
  readonly phase1?: number;
  readonly phase2?: number;
  readonly untilFailure: boolean;
  readonly twice: boolean;
  readonly jobs: number;
  readonly trace: TraceLevel;
  readonly traceGroup?: string;
  readonly traceFrom?: number;
  readonly traceThrough?: number;
  readonly traceLines: number;
  readonly json?: string;
  readonly out?: string;
}

export interface SimulationPlace {
  /** How a user calls it: `npm run sim --`. */
  readonly invocation: string;
  readonly print: (line: string) => void;
}

const help = `
Nodes run the code that production runs, on simulated machines, disks and network; clients ask, watches follow, faults
strike. Then everything is held against the chosen log, against real time and against what clients were told. A seed
gives the same run, always.

Exit codes: 0 every check held, 1 one failed, 2 the command line is wrong, 130 interrupted (with the summary of what
ran).`;

export function addSimulation(command: Command, place: SimulationPlace): Command {
  command
    .description(
      "run whole clusters in this process on virtual time, under faults drawn from seeds",
    )
    .addOption(
      new Option("--seeds <number>", "how many seeds").argParser(wholeNumber(1)).default(10),
    )
    .addOption(
      new Option("--seed-start <number>", "the first of them").argParser(wholeNumber(0)).default(1),
    )
    .addOption(
      new Option(
        "--minutes <number>",
        "run seeds for so long instead; with --shrink: look no longer",
      )
        .argParser(positive)
        .conflicts("seeds"),
    )
    .addOption(
      new Option("--seed <number>", "run this seed again, and tell what happened")
        .argParser(wholeNumber(0))
        .conflicts(["seeds", "seedStart", "minutes", "shrink", "untilFailure"]),
    )
    .addOption(
      new Option("--shrink <seed>", "make a seed that fails smaller, and draw what happens")
        .argParser(wholeNumber(0))
        .conflicts(["seeds", "seedStart", "untilFailure", "twice", "json"]),
    )
    .addOption(
      new Option("--nodes <count>", "nodes of each cluster")
        .choices(["1", "3", "5", "7"])
        .default("3"),
    )
    .option(
      "--faults <names>",
      "these classes of faults only, but for those of births: loss,crash",
      names,
    )
    .option("--faults-ms <number>", "virtual milliseconds under faults", wholeNumber(1), 20_000)
    .option("--without <strikes>", "leave out strikes, by number: 3,7-9", strikeNumbers)
    .option("--clients <count>", "clients of the library; 3 unless given", wholeNumber(0))
    .option("--raw-clients <count>", "clients on raw subjects; 1 unless given", wholeNumber(0))
    .option("--bankers <count>", "clients that move amounts; 1 unless given", wholeNumber(0))
    .option("--watchers <count>", "programs that watch, up to 3", wholeNumber(0, 3))
    .option(
      "--keys <count>",
      `keys that clients use; ${keysDefault} unless given`,
      wholeNumber(1, keysMax),
    )
    .option("--phase1 <number>", "quorum of phase 1, with --phase2", wholeNumber(1))
    .option("--phase2 <number>", "quorum of phase 2, with --phase1", wholeNumber(1))
    .option("--until-failure", "stop at the first seed that fails", false)
    .option("--twice", "run each seed a second time and compare", false)
    .option("--jobs <count>", "seeds that run at once", wholeNumber(1, 64), 1)
    .addOption(
      new Option("--trace <level>", "with --seed: how much is told")
        .choices(traceLevels)
        .default("faults"),
    )
    .option("--trace-group <name>", "messages and operations of one store group only")
    .option("--trace-from <ms>", "look there, not at what failed: virtual time", wholeNumber(0))
    .option("--trace-through <ms>", "up to there", wholeNumber(0))
    .option("--trace-lines <count>", "no more lines than that", wholeNumber(10), 400)
    .option("--json <file>", "write all that is known of each seed there")
    .option("--out <dir>", "with --shrink or --seed: where trace and charts are written")
    .addHelpText("after", help)
    .action(async (flags: Omit<SimulationOptions, "nodes"> & { readonly nodes: string }) => {
      const options = { ...flags, nodes: Number(flags.nodes) as SimulationOptions["nodes"] };
      const { simulate } = await import("./simulate.ts");
      const wrongUsage = (text: string): never => command.error(`error: ${text}`, { exitCode: 2 });
      process.exitCode = await simulate(options, { ...place, wrongUsage });
    });
  return command;
}

function wholeNumber(least: number, most = Number.MAX_SAFE_INTEGER): (text: string) => number {
  return (text) => {
    const number = Number(text);
    const isWhole = /^\d+$/.test(text) && Number.isSafeInteger(number);
    if (isWhole && number >= least && number <= most) return number;
    const upTo = most === Number.MAX_SAFE_INTEGER ? " up" : ` to ${most}`;
    throw new InvalidArgumentError(`Write a whole number from ${least}${upTo}.`);
  };
}

function positive(text: string): number {
  const number = Number(text);
  if (/^\d+(\.\d+)?$/.test(text) && number > 0) return number;
  throw new InvalidArgumentError("Write a number above 0.");
}

function strikeNumbers(text: string): ReadonlySet<number> {
  const numbers = parseStrikeNumbers(text);
  if (numbers === undefined) throw new InvalidArgumentError("Write numbers like 3,7-9.");
  return numbers;
}

function names(text: string): readonly string[] {
  return text.split(",").map((name) => name.trim());
}

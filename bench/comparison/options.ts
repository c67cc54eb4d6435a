/** What a run of `npm run bench` measures, from the command line. */
import { Command, InvalidArgumentError } from "commander";
import type { Cell } from "./cell.ts";
import { contestantNames, type ContestantName } from "./contestant.ts";
import { chosenCells, fullPlan, quickPlan, wordsOf } from "./plan.ts";

export interface ComparisonOptions {
  readonly rounds: number;
  /** What no target is about is measured in the first round only, and half as long. */
  readonly brief: boolean;
  readonly seconds: number;
  /** Puts of Synod are measured for longer where they need it to contain three checkpoints. */
  readonly lengthen: boolean;
  readonly warmUpSeconds: number;
  /** Of 128 B; a tenth as many of 4 KiB. */
  readonly keys: number;
  readonly spreadKeys: boolean;
  readonly subscribers: number;
  readonly cells: readonly Cell[];
  readonly contestants: readonly ContestantName[];
  /** Tries how many connections suit each peer best. */
  readonly tune: boolean;
  readonly quick: boolean;
  /** Where data directories are made, and removed afterwards. */
  readonly directory: string;
  readonly json: string | undefined;
}

interface Given {
  readonly rounds?: number;
  readonly seconds?: number;
  readonly warmUp?: number;
  readonly keys?: number;
  readonly subscribers?: number;
  readonly spreadKeys?: true;
  readonly brief?: true;
  readonly only?: readonly string[];
  readonly quick?: true;
  readonly directory: string;
  readonly json?: string;
}

const usual = { rounds: 3, seconds: 8, warmUp: 2, keys: 1_000_000, subscribers: 100 };
const quick = { rounds: 1, seconds: 0.6, warmUp: 0.3, keys: 20_000, subscribers: 100 };

/** `exitOverride` makes bad options throw a `CommanderError` instead of ending the process. */
export function parseComparison(args: readonly string[], exitOverride = false): ComparisonOptions {
  const program = new Command("bench");
  if (exitOverride) program.exitOverride().configureOutput({ writeErr: () => undefined });
  program
    .description(
      "Synod and its peers in one run: each is measured in turn while the others stand still.",
    )
    .option("--rounds <number>", `how often everything is measured (${usual.rounds})`, whole)
    .option("--brief", "what no target is about: in the first round only, and half as long")
    .option(
      "--seconds <number>",
      `how long each cell is measured (${usual.seconds}, some puts longer)`,
      positive,
    )
    .option("--warm-up <seconds>", `before each measurement (${usual.warmUp})`, positive)
    .option("--keys <number>", "keys of 128 B, and ten for each of 4 KiB (1000000)", whole)
    .option("--subscribers <number>", `of the watch (${usual.subscribers})`, whole)
    .option("--spread-keys", "over all regions of Synod, and so two logs, instead of one")
    .option("--only <words>", "cells and systems, as in put,256,synod,etcd", words)
    .option("--quick", "under a minute: few keys, few cells, one short round; proves nothing")
    .option("--directory <path>", "for data; must be on a disk", ".synod")
    .option("--json <file>", "write the results there as well")
    .addHelpText("after", `\nWords of --only: ${knownWords(fullPlan).join(" ")}`);
  program.parse(args, { from: "user" });
  const given = program.opts<Given>();
  const base = given.quick === true ? quick : usual;
  const plan = given.quick === true ? quickPlan : fullPlan;
  return {
    rounds: given.rounds ?? base.rounds,
    brief: given.brief === true,
    seconds: given.seconds ?? base.seconds,
    lengthen: given.seconds === undefined && given.quick !== true,
    warmUpSeconds: given.warmUp ?? base.warmUp,
    keys: given.keys ?? base.keys,
    subscribers: given.subscribers ?? base.subscribers,
    spreadKeys: given.spreadKeys === true,
    tune: given.quick !== true,
    quick: given.quick === true,
    directory: given.directory,
    json: given.json,
    ...chosen(plan, given.only ?? [], program),
  };
}

function chosen(
  plan: readonly Cell[],
  only: readonly string[],
  program: Command,
): Pick<ComparisonOptions, "cells" | "contestants"> {
  const systems = contestantNames.filter((name) => only.includes(name));
  const contestants = systems.length === 0 ? contestantNames : systems;
  const cells = chosenCells(plan, only);
  const known = new Set(knownWords(plan));
  for (const word of only) {
    if (known.has(word)) continue;
    const there = [...known].join(", ");
    program.error(`error: --only knows no word '${word}' here; there are ${there}`);
  }
  if (cells.length === 0) {
    program.error(`error: no cell fits --only ${only.join(",")}`);
  }
  return { cells, contestants };
}

function knownWords(plan: readonly Cell[]): readonly string[] {
  return [...new Set([...plan.flatMap(wordsOf), ...contestantNames])];
}

function whole(text: string): number {
  const number = Number(text);
  if (!Number.isSafeInteger(number) || number <= 0) {
    throw new InvalidArgumentError("It must be a whole number above 0.");
  }
  return number;
}

function positive(text: string): number {
  const number = Number(text);
  if (!Number.isFinite(number) || number <= 0) {
    throw new InvalidArgumentError("It must be a number above 0.");
  }
  return number;
}

function words(text: string): readonly string[] {
  return text.split(/[\s,]+/).filter((word) => word !== "");
}

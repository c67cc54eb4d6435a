/** What a deliberate bug is: small changes of product files, and the checks that have to notice. */

/** A change of one file of the product. */
export interface Patch {
  readonly file: string;
  /** Occurs exactly once in the file. */
  readonly find: string;
  readonly replace: string;
}

export interface Mutant {
  /** The rule as it is after the change. */
  readonly name: string;
  readonly patches: readonly Patch[];
  /** Checks that may catch it: by one of these names, not by whatever else goes wrong. */
  readonly caughtBy: readonly string[];
  /** Within so many seeds, counted from 1. */
  readonly seeds: number;
  /** Options of the simulator, beside the seeds. */
  readonly options?: readonly string[];
}

/** What it looks like when a replica tells what was not, or no longer, the case. */
export const wrongAnswers = [
  "the log's order is that of real time",
  "reads tell what the log says",
  "reads see what was chosen",
  "writes answer what the log says",
  "conflicts are what the log says",
  "increments add up",
  "every key is linearizable",
];

/** What it looks like when two values compete for a slot. */
export const splitLogs = [
  "one value is chosen per slot",
  "a ballot proposes one value",
  "what was acknowledged is in the log",
  "what is known chosen is chosen",
  "only what is chosen is applied",
  "replicas apply alike",
  "replicas hold what the log says",
  "replicas stop only for faults",
  ...wrongAnswers,
];

/** What it looks like when two lead at the same time. */
export const twoLeaders = ["one lease at a time", ...wrongAnswers];

export const executedTwice = [
  "nothing is executed twice",
  "increments add up",
  "every key is linearizable",
];

/** So long is what faults aimed at one rule need. */
export function aimed(faults: string, ...more: readonly string[]): readonly string[] {
  return ["--faults", faults, "--faults-ms", "8000", "--watchers", "0", ...more];
}

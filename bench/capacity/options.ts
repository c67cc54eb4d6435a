/** What a run measures, from the command line. */
import { Command, InvalidArgumentError, Option } from "commander";

export interface CapacityOptions {
  /** How many keys the nodes hold when a restart and their memory are measured. */
  readonly keys: number;
  /** The numbers of keys at which the cost of a put is measured, ascending. */
  readonly sizes: readonly number[];
  readonly valueBytes: number;
  readonly callers: number;
  /** How long puts are measured at each size. */
  readonly seconds: number;
  /** How often a node, and how often all three, are killed and started again. */
  readonly restarts: number;
  /** Puts at the sizes, or memory and restarts at `keys`; undefined = both. */
  readonly only?: "growth" | "restart";
  readonly port: number;
  /** Where the nodes' data directories are made, and removed afterwards. */
  readonly directory: string;
  readonly json?: string;
  readonly quick: boolean;
  /** Every process leaves a CPU profile there. */
  readonly profile?: string;
}

type Given = Partial<CapacityOptions> & Pick<CapacityOptions, "port" | "directory">;

const usual = {
  keys: 5_000_000,
  sizes: [10_000, 100_000, 1_000_000, 10_000_000],
  seconds: 60,
  restarts: 5,
};
const quick = { keys: 20_000, sizes: [2_000, 20_000], seconds: 2, restarts: 1 };

export function parseCapacity(args: readonly string[]): CapacityOptions {
  const program = new Command("bench:capacity");
  program
    .description("What many keys cost: memory and restart of a node, and each put as keys grow.")
    .option("--keys <number>", `at which nodes are restarted (${usual.keys})`, positive)
    .option("--sizes <numbers>", `at which puts are measured (${usual.sizes.join()})`, numbers)
    .option("--value-bytes <number>", "size of each value (128)", positive)
    .option("--callers <number>", "callers while puts are measured (256)", positive)
    .option("--seconds <number>", `how long, at each size (${usual.seconds})`, positive)
    .option("--restarts <number>", `of one node, and of all (${usual.restarts})`, positive)
    .addOption(new Option("--only <part>", "one of the two parts").choices(["growth", "restart"]))
    .option("--port <number>", "the nats-server's", positive, 4324)
    .option("--directory <path>", "for the nodes' data; must be on a disk", ".synod")
    .option("--json <file>", "write the results there as well")
    .option("--profile <directory>", "leave a CPU profile of each process there")
    .option("--quick", "under a minute: few keys; shows that everything works, and no figures");
  program.parse(args, { from: "user" });
  const given = program.opts<Given>();
  const isQuick = given.quick === true;
  const sizes = given.sizes ?? (isQuick ? quick : usual).sizes;
  return {
    ...(isQuick ? quick : usual),
    valueBytes: 128,
    callers: 256,
    ...given,
    sizes: sizes.toSorted((left, right) => left - right),
    quick: isQuick,
  };
}

function positive(text: string): number {
  const number = Number(text);
  if (!Number.isSafeInteger(number) || number <= 0) {
    throw new InvalidArgumentError("It must be a whole number above 0.");
  }
  return number;
}

function numbers(text: string): number[] {
  return text.split(",").map(positive);
}

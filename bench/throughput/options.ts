/** What a run measures, from the command line. */
import { Command, InvalidArgumentError } from "commander";
import type { DefaultNodeCount } from "../../infra/topology/default-topology.ts";
import { letters } from "./bench-topology.ts";

export interface BenchOptions {
  /** One phase for each. */
  readonly callers: readonly number[];
  readonly seconds: number;
  /** By as many callers as the largest phase has. */
  readonly warmUpPuts: number;
  readonly valueBytes: number;
  readonly keys: number;
  /** Nodes, all of them members of every store group. */
  readonly members: DefaultNodeCount;
  /** Store groups besides `meta`, each with an equal part of the keys; otherwise two, with three regions. */
  readonly groups?: number;
  /** All keys lie in one region, and so in one log. */
  readonly oneRegion?: true;
  /** On raw subjects, over a bare socket. */
  readonly raw?: true;
  readonly port: number;
  /** Where the nodes' data directories are made, and removed afterwards. */
  readonly directory: string;
  /** `name=value`, handed to every node. */
  readonly limit: readonly string[];
  readonly json?: string;
  /** Every process leaves a CPU profile there. */
  readonly profile?: string;
}

const quick = { seconds: 3, warmUpPuts: 20_000 };

export function parseOptions(args: readonly string[]): BenchOptions {
  const program = new Command("bench:throughput");
  program
    .description("Puts per second through a cluster of three processes and a nats-server.")
    .option(
      "--callers <numbers>",
      "callers, each with one operation under way",
      numbers,
      [1, 64, 256],
    )
    .option("--seconds <number>", "how long each number of callers is measured", positive, 20)
    .option("--warm-up-puts <number>", "before the first measurement", positive, 400_000)
    .option("--value-bytes <number>", "size of each value", positive, 128)
    .option("--keys <number>", "keys to choose from", positive, 1_000_000)
    .option("--members <number>", "nodes, all in every store group: 1, 3, 5 or 7", nodeCount, 3)
    .option("--groups <number>", "store groups with an equal part of the keys each", groupCount)
    .option("--one-region", "keys of one region, and so of one store group, instead of all")
    .option("--raw", "on raw subjects, each put a message, instead of through the client")
    .option("--port <number>", "the nats-server's", positive, 4322)
    .option("--directory <path>", "for the nodes' data; must be on a disk", ".synod")
    .option("--limit <name=value...>", "override a limit of the replicas", [])
    .option("--json <file>", "write the results there as well")
    .option("--profile <directory>", "leave a CPU profile of each process there")
    .option("--quick", "three seconds each; too short for a valid run");
  program.parse(args, { from: "user" });
  const options = program.opts<BenchOptions & { readonly quick?: true }>();
  return options.quick === true ? { ...options, ...quick } : options;
}

function positive(text: string): number {
  const number = Number(text);
  if (!Number.isSafeInteger(number) || number <= 0) {
    throw new InvalidArgumentError("It must be a whole number above 0.");
  }
  return number;
}

function nodeCount(text: string): DefaultNodeCount {
  const count = [1, 3, 5, 7].find((one) => String(one) === text);
  if (count === undefined) throw new InvalidArgumentError("It must be 1, 3, 5 or 7.");
  return count as DefaultNodeCount;
}

function groupCount(text: string): number {
  const count = positive(text);
  if (count > letters) throw new InvalidArgumentError(`There are keys for ${letters} at most.`);
  return count;
}

function numbers(text: string): number[] {
  return text.split(",").map(positive);
}

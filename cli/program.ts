/** The commands and their options. */
import { Command, InvalidArgumentError, Option } from "commander";
import { dev } from "./commands/dev.ts";
import { start, type StartOptions } from "./commands/start.ts";
import type { DevOptions } from "./dev/dev-plan.ts";
import { exitCodeHelp } from "./output/exit-codes.ts";
import type { Screen } from "./output/screen.ts";
import { synodVersion } from "./package-root.ts";

export function synodProgram(screen: Screen): Command {
  const program = new Command("synod");
  program
    .description("A replicated, strongly consistent key-value store on NATS.")
    .version(synodVersion)
    // Set before the commands are added, which take it over.
    .exitOverride()
    .showHelpAfterError("(--help tells how it is used)")
    .addHelpText("after", exitCodeHelp);
  addDev(program, screen);
  addStart(program);
  return program;
}

function addDev(program: Command, screen: Screen): void {
  program
    .command("dev")
    .description("run a whole cluster on this machine until Ctrl-C: a NATS server and its nodes")
    .option("-f, --file <path>", "topology file (default: topology.yaml, here or as shipped)")
    .addOption(
      new Option("--nodes <count>", "run this many nodes, if need be without a file")
        .choices(["1", "3", "5", "7"])
        .argParser(nodeCount),
    )
    .option("--port <number>", "port of the NATS server, on 127.0.0.1", portNumber, 4222)
    .option("--data <directory>", "where data and logs are kept (default: .synod)")
    .option("--ephemeral", "keep everything in a temporary directory, removed at the end")
    .addHelpText(
      "after",
      `
A second start goes on with the data. Nodes and the NATS server that die are started again. Other commands find
the cluster by themselves when they are started in the same directory or below.

Examples:
  synod dev
  synod dev --nodes 5 --port 4333
  synod dev --ephemeral --port 4333
  synod dev -f topology.yaml --data /var/lib/synod`,
    )
    .action((options: DevOptions) => dev(options, screen));
}

function addStart(program: Command): void {
  program
    .command("start")
    .description("run one node of a topology in this process")
    .requiredOption("--node <name>", "which node of the topology")
    .option("-f, --file <path>", "topology file", "topology.yaml")
    .option(
      "--data <directory>",
      "where the node keeps its data (default: .synod/<cluster>/<node>)",
    )
    .option("--servers <urls...>", "NATS servers (or SYNOD_SERVERS, NATS_URL, the topology's)")
    .option("--user <name>", "NATS user (default: the node's name)")
    .option("--password <password>", "its password (or SYNOD_NATS_PASSWORD_<NODE>)")
    .option("--creds <path>", "NATS credentials file (or SYNOD_CREDS, NATS_CREDS)")
    .option(
      "--limit <name=value...>",
      "override a limit of the replicas, as in checkpointBytes=1048576",
    )
    .addHelpText(
      "after",
      `
The log goes to standard output as JSON lines. SIGTERM or Ctrl-C hands leadership over, writes a checkpoint and
ends the node within 2 s; a second one ends it at once, which is safe as well.

Examples:
  synod start --node n2 -f topology.yaml
  SYNOD_NATS_PASSWORD_N2=... synod start --node n2 --servers nats://10.0.0.5:4222 --data /var/lib/synod/n2`,
    )
    .action((options: StartOptions) => start(options));
}

function nodeCount(text: string): number {
  if (!["1", "3", "5", "7"].includes(text)) throw new InvalidArgumentError("It is 1, 3, 5 or 7.");
  return Number(text);
}

function portNumber(text: string): number {
  const port = Number(text);
  if (Number.isInteger(port) && port >= 1 && port <= 65_535) return port;
  throw new InvalidArgumentError("A port is a number from 1 to 65535.");
}

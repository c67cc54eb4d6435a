/** `synod dev`: a whole cluster on this machine, one process a node, until Ctrl-C. */
import { InvalidArgumentError, type Command } from "commander";
import type { DefaultNodeCount } from "../../infra/topology/default-topology.ts";
import { portNumber } from "../arguments.ts";
import type { DevOptions } from "../dev/dev-plan.ts";
import type { Screen } from "../output/screen.ts";

const help = `
A second start goes on with the data. Nodes and the NATS server that die are started again. Other commands find
the cluster by themselves when they are started in the same directory or below.

nats-server is the one that SYNOD_NATS_SERVER names, or the one on PATH, or one that is fetched into the user's
cache (~/.cache/synod), without root.

With --websocket-port, any page that is open in a browser on this machine can connect as a client.

Examples:
  synod dev
  synod dev --nodes 5 --port 4333
  synod dev --ephemeral --port 4333
  synod dev --websocket-port 8080
  synod dev -f topology.yaml --data /var/lib/synod`;

export function addDev(program: Command, screen: Screen): void {
  program
    .command("dev")
    .description("run a whole cluster on this machine until Ctrl-C: a NATS server and its nodes")
    .option("-f, --file <path>", "topology file (default: topology.yaml, here or as shipped)")
    .option("--nodes <count>", "run 1, 3, 5 or 7 nodes, if need be without a file", nodeCount)
    .option("--port <number>", "port of the NATS server, on 127.0.0.1", portNumber, 4222)
    .option(
      "--websocket-port <number>",
      "let browsers in as well, at this port on 127.0.0.1 (default: no such port)",
      portNumber,
    )
    .option("--data <directory>", "where data and logs are kept (default: .synod)")
    .option("--ephemeral", "keep everything in a temporary directory, removed at the end")
    .addHelpText("after", help)
    .action(async (options: DevOptions) => {
      // Loaded only here, so that other commands start faster.
      const { runDevCluster } = await import("../dev/dev-run.ts");
      await runDevCluster(options, screen);
    });
}

function nodeCount(text: string): DefaultNodeCount {
  const count = Number(text);
  if (count === 1 || count === 3 || count === 5 || count === 7) return count;
  throw new InvalidArgumentError("It is 1, 3, 5 or 7.");
}

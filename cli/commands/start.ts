/** `synod start`: one node of a topology, in this process. */
import type { Command } from "commander";
import { serverList } from "../arguments.ts";
import type { StartOptions } from "../start-node.ts";

const help = `
The log goes to standard output as JSON lines. SIGTERM or Ctrl-C hands leadership over, writes checkpoints and ends
the node within 2 s; a second one ends it at once, which is safe as well.

Examples:
  synod start --node n2 -f topology.yaml
  SYNOD_NATS_PASSWORD_N2=... synod start --node n2 --servers nats://10.0.0.5:4222 --data /var/lib/synod/n2`;

export function addStart(program: Command): void {
  program
    .command("start")
    .description("run one node of a topology in this process")
    .requiredOption("--node <name>", "which node of the topology")
    .option("-f, --file <path>", "topology file", "topology.yaml")
    .option(
      "--data <directory>",
      "where the node keeps its data (default: .synod/<cluster>/<node>)",
    )
    .option(
      "--servers <urls>",
      "NATS servers, with commas between them (or SYNOD_SERVERS, NATS_URL, the topology's)",
      serverList,
    )
    .option("--user <name>", "NATS user (default: the node's name)")
    .option("--password <password>", "its password (or SYNOD_NATS_PASSWORD_<NODE>)")
    .option("--creds <path>", "NATS credentials file (or SYNOD_CREDS, NATS_CREDS)")
    .option(
      "--limit <name=value...>",
      "override limits of the replicas, as in checkpointBytes=1048576",
    )
    .addHelpText("after", help)
    .action(async (options: StartOptions) => {
      // A node's own modules take longer to load than most other commands take altogether.
      const { startNode } = await import("../start-node.ts");
      await startNode(options);
    });
}

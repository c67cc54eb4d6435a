#!/usr/bin/env node
/** The `synod` command. */
import { Command } from "commander";
import { start, type StartOptions } from "./commands/start.ts";
import { synodVersion } from "./package-root.ts";

const program = new Command("synod");
program
  .description("A replicated, strongly consistent key-value store on NATS.")
  .version(synodVersion);
program
  .command("start")
  .description("run one node of a topology in this process")
  .requiredOption("--node <name>", "which node of the topology")
  .option("-f, --file <path>", "the topology file", "topology.yaml")
  .option("--data <directory>", "where the node keeps its data")
  .option("--servers <urls...>", "NATS servers, instead of those in the topology")
  .option("--user <name>", "NATS user; the node's name by default")
  .option("--password <password>", "its password")
  .option("--creds <path>", "NATS credentials file")
  .option(
    "--limit <name=value...>",
    "override a limit of the replicas, as in checkpointBytes=1048576",
  )
  .action((options: StartOptions) => start(options));
await program.parseAsync();

/** The options with which every command that talks to a cluster is told where it is. */
import type { Command } from "commander";
import { serverList } from "../arguments.ts";

export function addConnectionOptions(command: Command): Command {
  return command
    .option("--servers <urls>", "NATS servers, with commas between them", serverList)
    .option("--user <name>", "NATS user")
    .option("--password <password>", "its password")
    .option("--creds <path>", "NATS credentials file")
    .option("--subject-prefix <token>", "first token of the cluster's subjects (default: synod)");
}

export const connectionHelp = `
Where the cluster is found; the first that says something wins:
  --servers; SYNOD_SERVERS; NATS_URL; the selected nats context; a \`synod dev\` that runs in this directory or
  above; nats://127.0.0.1:4222. Who logs in: --creds or --user and --password; SYNOD_CREDS or SYNOD_USER and
  SYNOD_PASSWORD; NATS_CREDS or NATS_USER and NATS_PASSWORD; the context.`;

/** The options with which every command that talks to a cluster is told where it is. */
import { Option, type Command } from "commander";
import { serverList } from "../arguments.ts";

export function addConnectionOptions(command: Command): Command {
  const options = [
    new Option("--servers <urls>", "NATS servers, with commas between them").argParser(serverList),
    new Option("--context <name>", "a context of the `nats` tool: its servers and its login"),
    new Option("--user <name>", "NATS user"),
    new Option("--password <password>", "its password"),
    new Option("--creds <path>", "NATS credentials file"),
    new Option(
      "--subject-prefix <token>",
      "first token of the cluster's subjects (default: synod)",
    ),
  ];
  for (const option of options) command.addOption(option.helpGroup("Connection:"));
  return command;
}

export const connectionHelp = `
Where the cluster is found; the first that says something wins:
  --servers; --context; SYNOD_SERVERS; NATS_URL; the selected nats context (NATS_CONTEXT, or what
  \`nats context select\` left in ~/.config/nats); a \`synod dev\` that runs in this directory or above;
  nats://127.0.0.1:4222.
Who logs in: --creds, or --user and --password; --context; SYNOD_CREDS, or SYNOD_USER and SYNOD_PASSWORD;
  NATS_CREDS, or NATS_USER and NATS_PASSWORD; the selected context.
Which prefix subjects have: --subject-prefix; SYNOD_PREFIX; that of the \`synod dev\`; synod.`;

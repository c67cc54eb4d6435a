/** The options that every command on keys has. */
import type { Command } from "commander";
import { timeoutOption } from "../arguments.ts";
import { addConnectionOptions, connectionHelp } from "../connection/connection-options.ts";
import type { ClientFlags } from "../connection/with-client.ts";

export interface DataFlags extends ClientFlags {
  readonly bucket: string;
  readonly json?: boolean;
}

export function addDataOptions(command: Command, help: string): Command {
  command
    .option("-b, --bucket <name>", "bucket of the keys", "default")
    .option("--json", "print JSON")
    .addOption(timeoutOption("how long the operation may take", "5s"));
  return addConnectionOptions(command)
    .addHelpText("after", help)
    .addHelpText("after", connectionHelp);
}

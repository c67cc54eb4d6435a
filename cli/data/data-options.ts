/** The options that every command on keys has. */
import type { Command } from "commander";
import { duration } from "../arguments.ts";
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
    .option("--timeout <duration>", "how long the operation may take", duration, 5_000);
  return addConnectionOptions(command)
    .addHelpText("after", help)
    .addHelpText("after", connectionHelp);
}

/** `synod incr`: counts. */
import type { Command } from "commander";
import { signedNumber } from "../arguments.ts";
import { withClient } from "../connection/with-client.ts";
import { addDataOptions, type DataFlags } from "../data/data-options.ts";
import type { Screen } from "../output/screen.ts";

const help = `
The key holds an integer as decimal text; one that is not there counts as 0. Prints the sum.

Examples:
  synod incr visits
  synod incr stock:apples -5`;

export function addIncr(program: Command, screen: Screen): void {
  const command = program
    .command("incr")
    .description("add to a number")
    .argument("<key>")
    .argument("[delta]", "what is added", signedNumber, 1);
  addDataOptions(command, help).action((key: string, delta: number, flags: DataFlags) =>
    incr(key, delta, flags, screen),
  );
}

async function incr(key: string, delta: number, flags: DataFlags, screen: Screen): Promise<void> {
  const { bucket, json } = flags;
  const value = await withClient(flags, (client) => client.bucket(bucket).increment(key, delta));
  screen.say(json === true ? JSON.stringify({ value }) : String(value));
}

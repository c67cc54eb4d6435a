/** `synod del`: removes one key. */
import type { Command } from "commander";
import { wholeNumber } from "../arguments.ts";
import { withClient } from "../connection/with-client.ts";
import { addDataOptions, type DataFlags } from "../data/data-options.ts";
import type { Screen } from "../output/screen.ts";

interface DelFlags extends DataFlags {
  readonly revision?: number;
}

const help = `
Not finding the key is no failure.

Examples:
  synod del greeting
  synod del owner --revision 5123      only if nobody has written it since that revision`;

export function addDel(program: Command, screen: Screen): void {
  const command = program
    .command("del")
    .description("remove a key")
    .argument("<key>")
    .option("--revision <number>", "remove only if the key has this revision", wholeNumber(1));
  addDataOptions(command, help).action((key: string, flags: DelFlags) => del(key, flags, screen));
}

async function del(key: string, flags: DelFlags, screen: Screen): Promise<void> {
  const { bucket, revision: previousRevision, json } = flags;
  const { revision, existed } = await withClient(flags, (client) =>
    client.bucket(bucket).delete(key, previousRevision === undefined ? {} : { previousRevision }),
  );
  if (json === true) screen.say(JSON.stringify({ existed, revision }));
  else screen.say(existed ? `deleted, revision ${revision}` : "there was no such key");
}

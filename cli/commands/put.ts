/** `synod put`: writes one key. */
import type { Command } from "commander";
import { duration, wholeNumber } from "../arguments.ts";
import { withClient } from "../connection/with-client.ts";
import { addDataOptions, type DataFlags } from "../data/data-options.ts";
import { valueFrom } from "../data/read-value.ts";
import type { Screen } from "../output/screen.ts";

interface PutFlags extends DataFlags {
  readonly ttl?: number;
  readonly revision?: number;
}

const help = `
Without a value, or with -, the value is standard input, byte for byte. Prints the revision of the write, which is
on the disks of a majority when it is printed.

Examples:
  synod put greeting hello
  synod put session:42 '{"user":7}' --ttl 10m
  synod put logo < logo.png
  synod put owner me --revision 0      only if there is no such key
  synod put owner me --revision 5123   only if nobody has written it since that revision`;

export function addPut(program: Command, screen: Screen): void {
  const command = program
    .command("put")
    .description("write a key")
    .argument("<key>")
    .argument("[value]", "the value; - or nothing for standard input")
    .option("--ttl <duration>", "remove the key after this time, as in 10s or 2h", duration)
    .option("--revision <number>", "write only if the key has this revision", wholeNumber(0));
  addDataOptions(command, help).action((key: string, value: string | undefined, flags: PutFlags) =>
    put(key, value, flags, screen),
  );
}

async function put(
  key: string,
  argument: string | undefined,
  flags: PutFlags,
  screen: Screen,
): Promise<void> {
  const { bucket, ttl, revision: previousRevision, json } = flags;
  const value = await valueFrom(argument, screen.note);
  const revision = await withClient(flags, (client) =>
    client.bucket(bucket).put(key, value, {
      ...(ttl === undefined ? {} : { ttlMs: ttl }),
      ...(previousRevision === undefined ? {} : { previousRevision }),
    }),
  );
  screen.say(json === true ? JSON.stringify({ revision }) : `revision ${revision}`);
}

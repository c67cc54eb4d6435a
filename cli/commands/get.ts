/** `synod get`: reads one key. */
import type { Command } from "commander";
import type { Entry } from "../../client/entry.ts";
import { withClient } from "../connection/with-client.ts";
import { addDataOptions, type DataFlags } from "../data/data-options.ts";
import { entryObject } from "../data/entry-object.ts";
import { isPrintable, visibleText } from "../data/visible-text.ts";
import { exitCode } from "../output/exit-codes.ts";
import type { Screen } from "../output/screen.ts";

interface GetFlags extends DataFlags {
  readonly raw?: boolean;
  readonly stale?: boolean;
}

const help = `
Prints the value and a line end. A terminal is shown bytes that do not print as \\xNN. Exit code 4 when there is no
such key.

Examples:
  synod get greeting
  synod get logo --raw > logo.png
  synod get greeting --json            with revision, and when it was written and expires
  synod get greeting --stale           what some node has; answers without a quorum as well`;

export function addGet(program: Command, screen: Screen): void {
  const command = program
    .command("get")
    .description("read a key")
    .argument("<key>")
    .option("--raw", "print the value alone, byte for byte")
    .option("--stale", "take what any node has, which may be old");
  addDataOptions(command, help).action(async (key: string, flags: GetFlags) => {
    process.exitCode = await get(key, flags, screen);
  });
}

/** Resolves with the exit code. */
async function get(key: string, flags: GetFlags, screen: Screen): Promise<number> {
  const { bucket, stale, json } = flags;
  const entry = await withClient(flags, (client) =>
    client.bucket(bucket).find(key, stale === true ? { consistency: "stale" } : {}),
  );
  if (json === true) screen.say(JSON.stringify(entry === null ? null : entryObject(entry)));
  if (entry === null) {
    screen.note(`there is no key ${key} in bucket ${bucket}`);
    return exitCode.notFound;
  }
  if (json !== true) await printValue(entry, flags.raw === true, screen);
  return exitCode.done;
}

async function printValue({ value }: Entry, raw: boolean, screen: Screen): Promise<void> {
  if (raw) return screen.write(value);
  if (screen.isTerminal && !isPrintable(value)) return screen.say(visibleText(value));
  await screen.write(value);
  if (value.at(-1) !== lineEnd) screen.say("");
}

const lineEnd = 0x0a;

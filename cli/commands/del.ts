/** `synod del`: removes one key, or a range of them. */
import type { Command } from "commander";
import type { Bucket } from "../../client/bucket.ts";
import { SynodError } from "../../infra/errors/synod-error.ts";
import { wholeNumber } from "../arguments.ts";
import { withClient } from "../connection/with-client.ts";
import {
  addBoundsOptions,
  boundsOf,
  boundsText,
  hasBounds,
  type BoundsFlags,
} from "../data/bounds-options.ts";
import { countKeys, keyCountText } from "../data/count-keys.ts";
import { addDataOptions, type DataFlags } from "../data/data-options.ts";
import { isConfirmed } from "../input/confirm.ts";
import { exitCode } from "../output/exit-codes.ts";
import { countText } from "../output/quantities.ts";
import type { Screen } from "../output/screen.ts";

interface DelFlags extends DataFlags, BoundsFlags {
  readonly revision?: number;
  readonly all?: boolean;
  readonly force?: boolean;
}

const help = `
Not finding the key is no failure.

With --prefix, --start, --end or --all every key of the range that is there when its turn comes is removed: up to
1,000 at a time as one atomic unit, the range as a whole not. It asks before it does so; where nobody can be asked
it takes --force.

Examples:
  synod del greeting
  synod del owner --revision 5123      only if nobody has written it since that revision
  synod del --prefix session:
  synod del --start 2025-01-01 --end 2026-01-01 -b log --force
  synod del --all -b scratch`;

export function addDel(program: Command, screen: Screen): void {
  const command = program
    .command("del")
    .description("remove a key, or a range of keys")
    .argument("[key]", "the key; none with --prefix, --start, --end or --all")
    .option("--revision <number>", "remove only if the key has this revision", wholeNumber(1));
  addBoundsOptions(command)
    .option("--all", "every key of the bucket")
    .option("--force", "do not ask before a range is removed");
  addDataOptions(command, help).action(async (key: string | undefined, flags: DelFlags) => {
    process.exitCode = await del(key, flags, screen);
  });
}

/** Resolves with the exit code. */
async function del(key: string | undefined, flags: DelFlags, screen: Screen): Promise<number> {
  const isRange = hasBounds(flags) || flags.all === true;
  if ((key === undefined) !== isRange) {
    throw badUse(key === undefined ? "says neither a key nor a range" : "says a key and a range");
  }
  if (isRange && flags.revision !== undefined) throw badUse("says a range and --revision");
  if (flags.all === true && hasBounds(flags)) throw badUse("says --all and part of it");
  return withClient(flags, (client) => {
    const bucket = client.bucket(flags.bucket);
    return key === undefined ? delRange(bucket, flags, screen) : delKey(bucket, key, flags, screen);
  });
}

async function delKey(
  bucket: Bucket,
  key: string,
  { revision: previousRevision, json }: DelFlags,
  screen: Screen,
): Promise<number> {
  const options = previousRevision === undefined ? {} : { previousRevision };
  const { revision, existed } = await bucket.remove(key, options);
  if (json === true) screen.say(JSON.stringify({ existed, revision }));
  else screen.say(existed ? `deleted, revision ${revision}` : "there was no such key");
  return exitCode.done;
}

async function delRange(bucket: Bucket, flags: DelFlags, screen: Screen): Promise<number> {
  const bounds = boundsOf(flags);
  if (flags.force !== true) {
    const count = await countKeys(bucket, bounds);
    const what = `remove ${keyCountText(count)} ${boundsText(flags, bucket.name)}`;
    if (count.count > 0 && !(await isConfirmed(what))) {
      screen.note("nothing was removed");
      return exitCode.failed;
    }
  }
  const { deleted } = await bucket.deleteRange(bounds);
  if (flags.json === true) screen.say(JSON.stringify({ deleted }));
  else screen.say(`${countText(deleted)} ${deleted === 1 ? "key" : "keys"} deleted`);
  return exitCode.done;
}

function badUse(what: string): SynodError {
  return new SynodError("BAD_REQUEST", `the command line ${what}`, {
    nextStep: "Name one key, or a range with --prefix, --start and --end, or --all.",
  });
}

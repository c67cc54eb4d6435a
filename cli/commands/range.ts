/** `synod range`: reads keys in order. */
import { Option, type Command } from "commander";
import type { Entry } from "../../client/entry.ts";
import type { RangeQuery } from "../../client/range-scan.ts";
import { wholeNumber } from "../arguments.ts";
import { withClient } from "../connection/with-client.ts";
import { addBoundsOptions, boundsOf, type BoundsFlags } from "../data/bounds-options.ts";
import { addDataOptions, type DataFlags } from "../data/data-options.ts";
import { pageText, type RangeForm } from "../data/range-lines.ts";
import type { Screen } from "../output/screen.ts";

interface RangeFlags extends DataFlags, BoundsFlags {
  readonly limit?: number;
  readonly reverse?: boolean;
  readonly keys?: boolean;
  readonly raw?: boolean;
  readonly stale?: boolean;
}

const help = `
Keys come in the order of their bytes. A terminal gets a table; anything else gets a line for each key: key, tab,
value, with what does not print written as \\n, \\t or \\xNN, and a backslash doubled.

Examples:
  synod range
  synod range --prefix user: --limit 10
  synod range --start 2026-01-01 --end 2026-02-01 --reverse
  synod range --keys | wc -l
  synod range --json > keys.jsonl`;

export function addRange(program: Command, screen: Screen): void {
  const command = program.command("range").description("read keys in order");
  addBoundsOptions(command)
    .option("--limit <count>", "at most so many keys", wholeNumber(1))
    .option("--reverse", "from the end to the start")
    .option("--keys", "keys only")
    .addOption(
      new Option("--raw", "values only, each byte for byte and with a line end").conflicts([
        "keys",
        "json",
      ]),
    )
    .option("--stale", "take what any node has, which may be old");
  addDataOptions(command, help).action((flags: RangeFlags) => range(flags, screen));
}

async function range(flags: RangeFlags, screen: Screen): Promise<void> {
  const { bucket, raw } = flags;
  const form = formOf(flags, screen);
  await withClient(flags, async (client) => {
    let isFirst = true;
    for await (const { entries } of client.bucket(bucket).range(queryOf(flags)).pages()) {
      if (raw === true) await writeRaw(entries, screen);
      else await screen.write(pageText(entries, isFirst, form));
      isFirst &&= entries.length === 0;
    }
    if (isFirst) screen.note(`no keys there in bucket ${bucket}`);
  });
}

async function writeRaw(entries: readonly Entry[], screen: Screen): Promise<void> {
  for (const { value } of entries) {
    await screen.write(value);
    await screen.write("\n");
  }
}

function formOf({ json, keys }: RangeFlags, { isTerminal, style }: Screen): RangeForm {
  const layout = json === true ? "json" : isTerminal ? "table" : "lines";
  // Some terminals do not tell how wide they are, and say 0.
  const width = process.stdout.columns || Infinity;
  return { layout, keysOnly: keys === true, width, style };
}

function queryOf(flags: RangeFlags): RangeQuery {
  const { limit, reverse, keys, stale } = flags;
  return {
    ...boundsOf(flags),
    ...(limit === undefined ? {} : { limit }),
    ...(reverse === true ? { reverse } : {}),
    ...(keys === true ? { keysOnly: true } : {}),
    ...(stale === true ? { consistency: "stale" } : {}),
  };
}

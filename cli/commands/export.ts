/** `synod export`: writes the keys of a bucket to a file. */
import { existsSync } from "node:fs";
import type { Command } from "commander";
import type { Bucket } from "../../client/bucket.ts";
import type { RangeQuery } from "../../client/range-scan.ts";
import { byteStringOf } from "../../infra/codec/key-text.ts";
import { SynodError } from "../../infra/errors/synod-error.ts";
import { withClient } from "../connection/with-client.ts";
import {
  addBoundsOptions,
  boundsOf,
  boundsText,
  type BoundsFlags,
} from "../data/bounds-options.ts";
import { countKeys } from "../data/count-keys.ts";
import { addDataOptions, type DataFlags } from "../data/data-options.ts";
import { entryObject } from "../data/entry-object.ts";
import { isConfirmed } from "../input/confirm.ts";
import { exitCode } from "../output/exit-codes.ts";
import { progressOf } from "../output/progress.ts";
import { bytesText, countText, durationText } from "../output/quantities.ts";
import type { Screen } from "../output/screen.ts";
import { exitCodeOf, onStopSignals, type StopSignal } from "../stop-signals.ts";
import { parseEntryLine } from "../transfer/entry-line.ts";
import {
  isCompressed,
  lastWholeLine,
  openTarget,
  type ExportTarget,
} from "../transfer/export-target.ts";

interface ExportFlags extends DataFlags, BoundsFlags {
  readonly resume?: boolean;
  readonly force?: boolean;
  readonly stale?: boolean;
}

const help = `
A line for each key, in the order of the keys: a JSON object with bucket, key or keyBase64, value or valueBase64,
revision, created and, where it has one, expires. A file whose name ends in .gz is compressed with gzip.

All keys of one store group are shown as of one moment, that of its first page; those of several groups as of
different ones. With --resume the keys behind the last whole line of the file are read anew: they are shown as of
that later moment, and keys before that line are not looked at again. So a file that was resumed is no picture of
one moment, not even of one group. An export that takes longer than history is kept (10 minutes unless
configured) for one group fails with TOO_OLD, and can be resumed as well.

Examples:
  synod export users.jsonl.gz -b users
  synod export --prefix user: | jq -r .key
  synod export big.jsonl --resume
  synod export today.jsonl --start 2026-05-01 --end 2026-05-02 --force`;

export function addExport(program: Command, screen: Screen): void {
  const command = program
    .command("export")
    .description("write the keys of a bucket to a file of JSON lines")
    .argument("[file]", "where to; - or nothing for standard output");
  addBoundsOptions(command)
    .option("--resume", "go on behind the last whole line of the file")
    .option("--force", "replace a file that is there without asking")
    .option("--stale", "take what any node has, which may be old");
  addDataOptions(command, help).action(async (file: string | undefined, flags: ExportFlags) => {
    process.exitCode = await exportLines(file, flags, screen);
  });
}

/** Resolves with the exit code. */
async function exportLines(
  argument: string | undefined,
  flags: ExportFlags,
  screen: Screen,
): Promise<number> {
  const file = argument === "-" ? undefined : argument;
  if (file === undefined && flags.resume === true) {
    throw new SynodError("BAD_REQUEST", "--resume needs a file: standard output keeps nothing");
  }
  if (!(await mayBeReplaced(file, flags))) {
    screen.note("nothing was exported");
    return exitCode.failed;
  }
  return withClient(flags, async (client) => {
    const bucket = client.bucket(flags.bucket);
    const run = new ExportRun();
    const query = await queryOf(file, flags);
    const target =
      file === undefined
        ? { write: screen.write, end: () => Promise.resolve() }
        : await openTarget(file, { append: flags.resume === true, compress: isCompressed(file) });
    try {
      await run.run(bucket, query, target);
    } catch (failure) {
      if (file !== undefined) screen.note(goesOn);
      throw failure;
    }
    report(file, run, flags, screen);
    if (run.stoppedBy === undefined) return exitCode.done;
    if (file !== undefined) screen.note(goesOn);
    return exitCodeOf[run.stoppedBy];
  });
}

const goesOn = "stopped; the same command with --resume goes on";

async function mayBeReplaced(file: string | undefined, flags: ExportFlags): Promise<boolean> {
  const isKept = file === undefined || flags.resume === true || flags.force === true;
  return isKept || !existsSync(file) || isConfirmed(`replace ${file}`);
}

async function queryOf(file: string | undefined, flags: ExportFlags): Promise<RangeQuery> {
  const query: RangeQuery = {
    ...boundsOf(flags),
    ...(flags.stale === true ? { consistency: "stale" } : {}),
  };
  if (file === undefined || flags.resume !== true) return query;
  const line = await lastWholeLine(file);
  return line === undefined ? query : { ...query, start: behind(line, file, flags) };
}

/** The first key that can follow the one in the line. */
function behind(line: Uint8Array, file: string, flags: ExportFlags): Uint8Array {
  const { bucket, key } = parsed(line, file);
  if (bucket !== flags.bucket || !isWithin(byteStringOf(key), flags)) {
    throw new SynodError(
      "BAD_REQUEST",
      `the last line of ${file} is not about keys ${boundsText(flags, flags.bucket)}`,
      { nextStep: "Resume with the options that the file was begun with." },
    );
  }
  return Buffer.concat([key, Buffer.of(0)]);
}

function parsed(line: Uint8Array, file: string): { bucket: string; key: Uint8Array } {
  try {
    return parseEntryLine(line, "", Infinity);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : "";
    throw new SynodError("BAD_REQUEST", `the last line of ${file} is none of an export: ${why}`, {
      nextStep: "Name another file, or export anew with --force.",
    });
  }
}

function isWithin(key: string, { prefix = "", start = "", end }: ExportFlags): boolean {
  const isBeforeEnd = end === undefined || key < byteStringOf(end);
  return key.startsWith(byteStringOf(prefix)) && key >= byteStringOf(start) && isBeforeEnd;
}

class ExportRun {
  keys = 0;
  bytes = 0;
  /** The signal that ends it behind the page it is at. */
  stoppedBy: StopSignal | undefined;
  readonly #startedMs = performance.now();

  constructor() {
    onStopSignals(
      (signal) => {
        this.stoppedBy = signal;
      },
      (signal) => process.exit(exitCodeOf[signal]),
    );
  }

  get tookMs(): number {
    return performance.now() - this.#startedMs;
  }

  /** The target is ended whatever happens, so that it can be gone on with. */
  async run(bucket: Bucket, query: RangeQuery, target: ExportTarget): Promise<void> {
    const progress = progressOf("exporting", await totalOf(bucket, query));
    progress.update({ keys: 0, bytes: 0, done: 0 });
    try {
      for await (const { entries } of bucket.range(query).pages()) {
        const lines = entries.map((entry) => `${JSON.stringify(entryObject(entry))}\n`).join("");
        await target.write(lines);
        this.keys += entries.length;
        this.bytes += Buffer.byteLength(lines);
        progress.update({ keys: this.keys, bytes: this.bytes, done: this.keys });
        if (this.stoppedBy !== undefined) break;
      }
    } finally {
      progress.end();
      await target.end();
    }
  }
}

/** Only where somebody looks, and only when it is cheap. */
async function totalOf(bucket: Bucket, query: RangeQuery): Promise<number | undefined> {
  if (!process.stderr.isTTY) return undefined;
  const { count, isMore } = await countKeys(bucket, query);
  return isMore ? undefined : count;
}

function report(
  file: string | undefined,
  { keys, bytes, tookMs }: ExportRun,
  { json }: ExportFlags,
  screen: Screen,
): void {
  const seconds = Math.round(tookMs) / 1000;
  const text =
    json === true
      ? JSON.stringify({ keys, bytes, seconds })
      : `${countText(keys)} ${keys === 1 ? "key" : "keys"} exported: ${bytesText(bytes)} in ${durationText(tookMs)}`;
  // Standard output is the lines' own.
  if (file !== undefined) screen.say(text);
  else if (json === true || process.stderr.isTTY) screen.note(text);
}

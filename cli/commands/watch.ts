/** `synod watch`: tells of changes as they are made. */
import { Option, type Command } from "commander";
import { KvWatchInclude, type WatchEntry, type WatchOptions } from "../../client/bucket-watch.ts";
import { WatchGapError } from "../../client/errors.ts";
import type { Watch } from "../../client/watch/watch.ts";
import { SynodError } from "../../infra/errors/synod-error.ts";
import { wholeNumber } from "../arguments.ts";
import { withClient } from "../connection/with-client.ts";
import { addBoundsOptions, boundsOf, hasBounds, type BoundsFlags } from "../data/bounds-options.ts";
import { changeLine, changeObject } from "../data/change-lines.ts";
import { addDataOptions, type DataFlags } from "../data/data-options.ts";
import type { Screen } from "../output/screen.ts";
import { exitCodeOf, onStopSignals } from "../stop-signals.ts";

interface WatchFlags extends DataFlags, BoundsFlags {
  readonly withCurrent?: boolean;
  readonly fromRevision?: number;
  readonly cursor?: string;
  readonly count?: number;
  readonly ignoreDeletes?: boolean;
  readonly raw?: boolean;
  readonly withCursor?: boolean;
}

const help = `
A line for each change until Ctrl-C: PUT, DEL or PURGE (which an expiry is as well), revision, key and value with
tabs between them; what does not print is written as \\n, \\t or \\xNN, and a backslash doubled. Without a key or a
range every key of the bucket is watched; in a key \`*\` stands for a part between dots and a last \`>\` for one or more.

Changes of one store group come in the order of their revisions, each once, whatever happens to nodes, NATS servers
and the connection meanwhile. At the end, on Ctrl-C and with --count, standard error tells the cursor behind the last
change; --cursor goes on there, with the same keys, as long as what happened since is kept (10 minutes unless
configured). Later it fails with WATCH_GAP and a cursor that begins with current values.

Examples:
  synod watch
  synod watch 'config.>' --with-current
  synod watch greeting --count 1 --raw        waits for the next value
  synod watch --prefix user: --json | jq .
  synod watch --json --with-cursor            each line can be gone on behind`;

export function addWatch(program: Command, screen: Screen): void {
  const command = program
    .command("watch")
    .description("tell of changes as they are made")
    .argument("[key]", "a key, or a pattern as in config.*.port or config.>");
  addBoundsOptions(command)
    .option("--with-current", "begin with what is there")
    .addOption(
      new Option(
        "--from-revision <number>",
        "begin with what was written at this revision or later",
      )
        .argParser(wholeNumber(1))
        .conflicts(["withCurrent", "cursor"]),
    )
    .addOption(
      new Option("--cursor <text>", "go on where a watch of these keys was").conflicts(
        "withCurrent",
      ),
    )
    .option("--count <number>", "end after so many changes", wholeNumber(1))
    .option("--ignore-deletes", "nothing about keys that are removed or expire")
    .addOption(
      new Option(
        "--raw",
        "values only, each byte for byte and with a line end; nothing of removals",
      ).conflicts("json"),
    )
    .addOption(new Option("--with-cursor", "with --json: the cursor behind each change"));
  addDataOptions(command, help).action((key: string | undefined, flags: WatchFlags) =>
    watch(key, flags, screen),
  );
}

async function watch(key: string | undefined, flags: WatchFlags, screen: Screen): Promise<void> {
  if (key !== undefined && hasBounds(flags)) {
    throw new SynodError("BAD_REQUEST", "the command line says a key and a range", {
      nextStep: "Name a key or a pattern, or a range with --prefix, --start and --end.",
    });
  }
  if (flags.withCursor === true && flags.json !== true) {
    throw new SynodError("BAD_REQUEST", "--with-cursor needs --json, which has a place for it");
  }
  await withClient(flags, async (client) => {
    const told = { status: "live" };
    const onStatus = (status: string): void => {
      // At the beginning it catches up: that is nothing to tell.
      if (status === "disconnected") screen.note("disconnected: goes on by itself");
      else if (told.status === "disconnected") screen.note("connected again");
      told.status = status;
    };
    const options = { ...optionsOf(key, flags), onStatus };
    try {
      const changes = await client.bucket(flags.bucket).watch(options);
      onStopSignals(
        () => changes.stop(),
        (signal) => process.exit(exitCodeOf[signal]),
      );
      await print(changes, flags, screen);
      const { cursor } = changes;
      if (cursor !== undefined) screen.note(`--cursor ${cursor} goes on behind the last change`);
    } catch (failure) {
      throw failure instanceof WatchGapError ? goOnFrom(failure) : failure;
    }
  });
}

function optionsOf(key: string | undefined, flags: WatchFlags): WatchOptions {
  const { withCurrent, fromRevision, cursor, ignoreDeletes, raw } = flags;
  return {
    ...boundsOf(flags),
    ...(key === undefined ? {} : { key }),
    include: withCurrent === true ? KvWatchInclude.LastValue : KvWatchInclude.UpdatesOnly,
    ...(fromRevision === undefined ? {} : { resumeFromRevision: fromRevision }),
    ...(cursor === undefined ? {} : { cursor }),
    ignoreDeletes: ignoreDeletes === true || raw === true,
  };
}

/** Resolves when it has ended. Nothing is taken before the line of what was before it is written. */
async function print(
  changes: Watch<WatchEntry>,
  { json, raw, withCursor, count = Infinity }: WatchFlags,
  { style, write }: Screen,
): Promise<void> {
  let told = 0;
  for (;;) {
    const next = await changes.next();
    if (next.done === true) return;
    const entry = next.value;
    if (raw === true) {
      await write(entry.value);
      await write("\n");
    } else if (json === true) {
      const { cursor } = changes;
      const behind = withCursor === true && cursor !== undefined ? { cursor } : {};
      await write(`${JSON.stringify({ ...changeObject(entry), ...behind })}\n`);
    } else {
      await write(`${changeLine(entry, style)}\n`);
    }
    told += 1;
    if (told >= count) return;
  }
}

function goOnFrom({ message, cursor, cause }: WatchGapError): SynodError {
  return new SynodError("WATCH_GAP", message, {
    cause,
    nextStep: `Watch the same keys with --cursor ${cursor}: it begins with current values.`,
  });
}

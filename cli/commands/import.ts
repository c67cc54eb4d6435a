/** `synod import`: writes the keys of a file. */
import { closeSync, existsSync, openSync, statSync, writeSync } from "node:fs";
import { Option, type Command } from "commander";
import { withClient, type ClientFlags } from "../connection/with-client.ts";
import { SynodError } from "../../infra/errors/synod-error.ts";
import { timeoutOption, wholeNumber } from "../arguments.ts";
import { addConnectionOptions, connectionHelp } from "../connection/connection-options.ts";
import { exitCode } from "../output/exit-codes.ts";
import { progressOf } from "../output/progress.ts";
import { bytesText, countText, durationText } from "../output/quantities.ts";
import type { Screen } from "../output/screen.ts";
import { exitCodeOf, onStopSignals, type StopSignal } from "../stop-signals.ts";
import { checkpointPath } from "../transfer/checkpoint.ts";
import { ImportRun, type ImportOutcome, type ImportSettings } from "../transfer/import-run.ts";

interface ImportFlags extends ClientFlags {
  readonly bucket?: string;
  readonly resume?: boolean;
  readonly ifAbsent?: boolean;
  readonly dryRun?: boolean;
  readonly concurrency: number;
  readonly onError: "stop" | "skip";
  readonly rejects?: string;
  readonly json?: boolean;
}

const help = `
Each line is a JSON object, as \`synod export\` and \`synod range --json\` write it:

  key or keyBase64        the key, as text or any bytes
  value or valueBase64    the value
  bucket                  where it goes (default: default); --bucket overrides it
  expires or ttlMs        when it is removed, or how many milliseconds from now; what has expired is left out
  revision, created       are not used: every key gets a revision of its own here

Lines are written several at a time, and of lines with the same key the last one counts. A file is read up to where it
is good; standard input as well, compressed or not (gzip shows in the first bytes).

Beside the file <file>.synod-import keeps how far it has come, until all of it is imported. After Ctrl-C, a crash or a
bad line --resume goes on from there; what was written behind that place is written again, which changes nothing.

Examples:
  synod import users.jsonl
  synod import users.jsonl.gz -b staging --if-absent
  synod import users.jsonl --resume
  synod import users.jsonl --on-error skip --rejects bad.jsonl
  synod export -b a | synod import -b b`;

export function addImport(program: Command, screen: Screen): void {
  const command = program
    .command("import")
    .description("write the keys of a file of JSON lines")
    .argument(
      "[file]",
      "JSON lines, or those compressed with gzip; - or nothing for standard input",
    )
    .option("-b, --bucket <name>", "bucket of all keys (default: that of each line, or default)")
    .option("--resume", "go on where an earlier import of the file stopped")
    .option("--if-absent", "leave keys alone that are there already")
    .option("--dry-run", "check every line, and write nothing")
    .option("--concurrency <count>", "batches under way at the same time", wholeNumber(1), 8)
    .addOption(
      new Option("--on-error <what>", "what to do about a bad line")
        .choices(["stop", "skip"])
        .default("stop"),
    )
    .option("--rejects <path>", "with --on-error skip: where bad lines are collected")
    .option("--json", "print the outcome as JSON")
    .addOption(timeoutOption("how long each batch may take", "5s"));
  addConnectionOptions(command)
    .addHelpText("after", help)
    .addHelpText("after", connectionHelp)
    .action(async (file: string | undefined, flags: ImportFlags) => {
      process.exitCode = await importLines(file, flags, screen);
    });
}

/** Resolves with the exit code. */
async function importLines(
  argument: string | undefined,
  flags: ImportFlags,
  screen: Screen,
): Promise<number> {
  const file = argument === "-" ? undefined : argument;
  requireSense(file, flags);
  if (file !== undefined && flags.resume === true && !hasCheckpoint(file)) {
    screen.note(`there is no ${checkpointPath(file)}: importing from the start`);
  }
  const badLines = new BadLines(flags, screen);
  const run = new ImportRun({
    ...settingsOf(file, flags),
    rejected: ({ number, bytes }, failure) => badLines.add(number, bytes, failure.message),
  });
  let stoppedBy: StopSignal | undefined;
  onStopSignals(
    (signal) => {
      stoppedBy = signal;
      run.stop();
    },
    (signal) => process.exit(exitCodeOf[signal]),
  );
  const startedMs = performance.now();
  let outcome: ImportOutcome;
  try {
    outcome = await outcomeOf(run, flags);
  } catch (failure) {
    if (hasCheckpoint(file))
      screen.note(`\`synod import ${file} --resume\` goes on where it stopped`);
    throw failure;
  } finally {
    badLines.end();
  }
  report(outcome, performance.now() - startedMs, flags, screen);
  if (stoppedBy === undefined) return outcome.counts.bad > 0 ? exitCode.usage : exitCode.done;
  screen.note(
    file === undefined
      ? `stopped behind line ${outcome.lines}`
      : `stopped; \`synod import ${file} --resume\` goes on`,
  );
  // Standard input may never end.
  process.stdin.destroy();
  return exitCodeOf[stoppedBy];
}

function hasCheckpoint(file: string | undefined): boolean {
  return file !== undefined && existsSync(checkpointPath(file));
}

function outcomeOf(run: ImportRun, flags: ImportFlags): Promise<ImportOutcome> {
  if (flags.dryRun === true) return run.run(undefined);
  return withClient(flags, (client) => run.run((name) => client.bucket(name)));
}

function requireSense(
  file: string | undefined,
  { resume, dryRun, rejects, onError }: ImportFlags,
): void {
  if (file !== undefined && rejects !== undefined && isSameFile(file, rejects)) {
    throw new SynodError("BAD_REQUEST", `--rejects would overwrite ${file}, which is imported`, {
      nextStep: "Name another file.",
    });
  }
  const problem =
    file === undefined && resume === true
      ? "--resume needs a file: standard input cannot be read again"
      : dryRun === true && resume === true
        ? "--dry-run checks all of the file, and --resume only its rest"
        : rejects !== undefined && onError !== "skip"
          ? "--rejects collects what --on-error skip leaves out"
          : undefined;
  if (problem !== undefined) throw new SynodError("BAD_REQUEST", problem);
}

function isSameFile(one: string, other: string): boolean {
  const [stats, otherStats] = [one, other].map((path) => statSync(path, { throwIfNoEntry: false }));
  if (stats === undefined || otherStats === undefined) return false;
  return stats.isFile() && stats.dev === otherStats.dev && stats.ino === otherStats.ino;
}

function settingsOf(
  file: string | undefined,
  flags: ImportFlags,
): Omit<ImportSettings, "rejected"> {
  return {
    file,
    bucket: flags.bucket,
    isResumed: flags.resume === true,
    ifAbsent: flags.ifAbsent === true,
    skipsBadLines: flags.onError === "skip",
    concurrency: flags.concurrency,
    progress: (sizeBytes) =>
      progressOf(flags.dryRun === true ? "checking" : "importing", sizeBytes),
  };
}

function report(
  { counts, lines, bytes, isStopped }: ImportOutcome,
  tookMs: number,
  { json, dryRun }: ImportFlags,
  screen: Screen,
): void {
  if (json === true) {
    const seconds = Math.round(tookMs) / 1000;
    const isDone = !isStopped;
    screen.say(
      JSON.stringify({ ...counts, lines, bytes, seconds, isDone, dryRun: dryRun === true }),
    );
    return;
  }
  const { imported, existing, expired, bad } = counts;
  const others = [
    ...(existing === 0 ? [] : [`${countText(existing)} were there already`]),
    ...(expired === 0 ? [] : [`${countText(expired)} had expired`]),
    ...(bad === 0 ? [] : [`${countText(bad)} bad lines`]),
  ].map((text) => `, ${text}`);
  const keys = `${countText(imported)} ${imported === 1 ? "key" : "keys"}`;
  const what = dryRun === true ? `${keys} would be imported` : `${keys} imported`;
  screen.say(`${what}${others.join("")}: ${bytesText(bytes)} in ${durationText(tookMs)}`);
}

/** The first ones are told, all of them are collected where they are wanted. */
class BadLines {
  readonly #file: number | undefined;
  readonly #screen: Screen;
  readonly #told: string[] = [];
  #count = 0;

  constructor({ rejects: path, resume }: ImportFlags, screen: Screen) {
    this.#file = path === undefined ? undefined : openSync(path, resume === true ? "a" : "w");
    this.#screen = screen;
  }

  add(number: number, bytes: Uint8Array | undefined, message: string): void {
    this.#count += 1;
    if (this.#told.length < toldMax) this.#told.push(`line ${number}: ${message}`);
    if (this.#file === undefined || bytes === undefined) return;
    writeSync(this.#file, bytes);
    writeSync(this.#file, "\n");
  }

  end(): void {
    for (const text of this.#told) this.#screen.note(text);
    const untold = this.#count - this.#told.length;
    if (untold > 0) this.#screen.note(`and ${countText(untold)} more bad lines`);
    if (this.#file !== undefined) closeSync(this.#file);
  }
}

const toldMax = 20;

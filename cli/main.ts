#!/usr/bin/env node
/** The `synod` command. */
import { CommanderError } from "commander";
import { exitCode, exitCodeFor } from "./output/exit-codes.ts";
import { failureLines, failureObject } from "./output/failure-lines.ts";
import { processScreen, whenOutputEnds } from "./output/screen.ts";
import { synodProgram } from "./program.ts";

const screen = processScreen();
// A cluster, a node or a page goes on without its reader; a command that only prints has nothing left to do.
const isLasting = ["dev", "start", "inspect"].includes(process.argv[2] ?? "");
whenOutputEnds({
  nobodyReads: () => {
    if (!isLasting) process.exit(exitCode.done);
  },
  failed: (failure) => {
    if (isLasting) return;
    screen.note(`error: the output cannot be written: ${failure.message}`);
    screen.note("  next: Make room where it goes; what was asked for may have been carried out.");
    process.exit(exitCode.outcomeUnknown);
  },
});

try {
  await synodProgram(screen).parseAsync();
} catch (failure) {
  // What commander has to say it has said: help, the version, or what is wrong with the command line.
  if (failure instanceof CommanderError)
    process.exitCode = failure.exitCode === 0 ? 0 : exitCode.usage;
  else fail(failure);
}

function fail(failure: unknown): void {
  const kind = isLasting ? "process" : "operation";
  if (process.argv.includes("--json")) screen.note(JSON.stringify(failureObject(failure)));
  else for (const line of failureLines(failure, kind, screen.noteStyle)) screen.note(line);
  const isWanted = (process.env["SYNOD_DEBUG"] ?? "") !== "";
  if (isWanted && failure instanceof Error) screen.note(failure.stack ?? "");
  process.exitCode = exitCodeFor(failure);
  // What was opened before it failed would keep the process alive: a NATS server that takes the connection and says
  // nothing leaves a socket open.
  process.stdout.write("", () => process.stderr.write("", () => process.exit()));
}

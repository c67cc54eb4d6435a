#!/usr/bin/env node
/** The `synod` command. */
import { CommanderError } from "commander";
import { SynodError } from "../infra/errors/synod-error.ts";
import { exitCode, exitCodeFor } from "./output/exit-codes.ts";
import { failureLines, failureObject } from "./output/failure-lines.ts";
import { processScreen, whenOutputEnds } from "./output/screen.ts";
import { synodProgram } from "./program.ts";

const screen = processScreen();
// A cluster, a node or a page goes on without its reader; a command that only prints has nothing left to do.
const command = process.argv.slice(2).find((word, at, words) => {
  return !word.startsWith("-") && words[at - 1] !== "--color";
});
const isLasting = ["dev", "start", "inspect"].includes(command ?? "");
const wantsJson = process.argv.includes("--json");
whenOutputEnds({
  nobodyReads: () => {
    if (!isLasting) process.exit(exitCode.done);
  },
  failed: (failure) => {
    if (isLasting) return;
    const unwritten = new SynodError(
      "INTERNAL_ERROR",
      `the output cannot be written: ${failure.message}`,
      {
        outcome: "unknown",
        nextStep: "Make room where it goes; what was asked for may have been carried out.",
      },
    );
    if (wantsJson) screen.note(JSON.stringify(failureObject(unwritten)));
    else {
      screen.note(`error: ${unwritten.message}`);
      screen.note(`  next: ${unwritten.nextStep}`);
    }
    process.exit(exitCode.outcomeUnknown);
  },
});

try {
  const options = {
    usageErrorsAreTold: !wantsJson,
    ...(command === undefined ? {} : { called: command }),
  };
  const program = await synodProgram(screen, options);
  await program.parseAsync();
} catch (failure) {
  if (!(failure instanceof CommanderError)) fail(failure);
  else if (failure.exitCode !== 0 && wantsJson) fail(wrongUsage(failure));
  // What commander has to say it has said: help, the version, or what is wrong with the command line.
  else process.exitCode = failure.exitCode === 0 ? 0 : exitCode.usage;
}

function wrongUsage({ message }: CommanderError): SynodError {
  return new SynodError("BAD_REQUEST", message.replace(/^error: /, ""), {
    nextStep: "--help tells how it is used.",
  });
}

function fail(failure: unknown): void {
  const kind = isLasting ? "process" : "operation";
  if (wantsJson) screen.note(JSON.stringify(failureObject(failure)));
  else for (const line of failureLines(failure, kind, screen.noteStyle)) screen.note(line);
  const isWanted = (process.env["SYNOD_DEBUG"] ?? "") !== "";
  if (isWanted && failure instanceof Error) screen.note(failure.stack ?? "");
  process.exitCode = exitCodeFor(failure);
  // What was opened before it failed would keep the process alive: a NATS server that takes the connection and says
  // nothing leaves a socket open.
  process.stdout.write("", () => process.stderr.write("", () => process.exit()));
}

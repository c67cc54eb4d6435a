/** What the exit code of a command says. */
import { SynodError } from "../../infra/errors/synod-error.ts";
import type { ErrorCode } from "../../infra/errors/error-table.ts";

export const exitCode = {
  done: 0,
  failed: 1,
  usage: 2,
  outcomeUnknown: 3,
  notFound: 4,
  conflict: 5,
  /** 128 and the signal's number, as shells write it. */
  interrupted: 130,
} as const;

/** One line for each, as help and documentation print them. */
export const exitCodeMeanings: readonly (readonly [code: number, meaning: string])[] = [
  [exitCode.done, "done"],
  [
    exitCode.failed,
    "failed, and nothing was changed; `status --check` and `doctor`: something is wrong",
  ],
  [exitCode.usage, "the command line or its input is wrong"],
  [exitCode.outcomeUnknown, "outcome unknown: it may or may not have been carried out"],
  [exitCode.notFound, "there is no such key"],
  [exitCode.conflict, "conflict: a revision or a check did not hold, and nothing was changed"],
  [
    exitCode.interrupted,
    "interrupted by Ctrl-C (143: SIGTERM, 129: SIGHUP); `watch` and `status --watch` end with 0",
  ],
];

const usageCodes: ReadonlySet<ErrorCode> = new Set([
  "BAD_REQUEST",
  "BAD_BUCKET",
  "BAD_KEY",
  "TOPOLOGY_INVALID",
]);

export function exitCodeFor(failure: unknown): number {
  if (!(failure instanceof SynodError)) return exitCode.failed;
  if (failure.outcome === "unknown") return exitCode.outcomeUnknown;
  if (failure.code === "CONFLICT") return exitCode.conflict;
  if (failure.code === "KEY_NOT_FOUND") return exitCode.notFound;
  return usageCodes.has(failure.code) ? exitCode.usage : exitCode.failed;
}

const widest = Math.max(...exitCodeMeanings.map(([code]) => String(code).length));

export const exitCodeHelp = [
  "\nExit codes:",
  ...exitCodeMeanings.map(([code, meaning]) => `  ${String(code).padEnd(widest)}  ${meaning}`),
].join("\n");

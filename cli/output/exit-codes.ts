/** What the exit code of a command says. */
import { SynodError } from "../../infra/errors/synod-error.ts";
import type { ErrorCode } from "../../infra/errors/error-table.ts";

export const exitCode = {
  done: 0,
  /** It failed, and nothing was changed. */
  failed: 1,
  /** The command line or what it was given is wrong. */
  usage: 2,
  /** It may or may not have been carried out. */
  outcomeUnknown: 3,
  /** There is no such key. */
  notFound: 4,
  /** A revision or a check did not hold; nothing was changed. */
  conflict: 5,
} as const;

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
  return usageCodes.has(failure.code) ? exitCode.usage : exitCode.failed;
}

export const exitCodeHelp = `
Exit codes:
  0  done
  1  failed, and nothing was changed
  2  the command line or its input is wrong
  3  outcome unknown: it may or may not have been carried out
  4  there is no such key
  5  conflict: a revision or a check did not hold, and nothing was changed`;

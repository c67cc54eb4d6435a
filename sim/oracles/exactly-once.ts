/**
 * What became of each writing operation, found in the logs by the names under which it was sent: what was acknowledged
 * was executed once and answered as the log has it, what was said not to be executed was not, and what is unknown was
 * executed once at most.
 */
import type { SynodError } from "../../infra/errors/synod-error.ts";
import { ConflictError } from "../../client/errors.ts";
import { absent } from "../../kv/commands/operation.ts";
import {
  isFailure,
  type OperationFailure,
  type OperationResult,
} from "../../kv/commands/result.ts";
import { Violation } from "../violation.ts";
import type { Attempts } from "../workload/attempts.ts";
import type { Recorded } from "../workload/history.ts";
import type { Execution } from "./executed-frames.ts";
import { isRead } from "./real-time.ts";
import { plain } from "./plain-result.ts";

/** How many operations were found in the logs, and how many of them had an unknown outcome. */
export interface OutcomesChecked {
  readonly found: number;
  readonly unknown: number;
}

export function checkExactlyOnce(
  operations: readonly Recorded[],
  attempts: Attempts,
  executions: ReadonlyMap<string, Execution>,
): OutcomesChecked {
  let found = 0;
  let unknown = 0;
  for (const recorded of operations) {
    const sent = attempts.of(recorded.operation);
    // Never sent, or by a client that keeps no such notes.
    if (isRead(recorded) || sent === undefined) continue;
    const results: OperationResult[] = [];
    for (const { name, position } of sent) {
      const result = executions.get(name)?.results[position];
      if (result !== undefined) results.push(result);
    }
    if (results.length > 0) found += 1;
    if (checkOne(recorded, results) === "unknown") unknown += 1;
  }
  return { found, unknown };
}

/** `results`: what the log says of each attempt that is in it. */
function checkOne(recorded: Recorded, results: readonly OperationResult[]): string {
  const { told, client, invokedMs } = recorded;
  const executed = results.filter((result) => !isFailure(result));
  const who = `${client} at ${invokedMs} ms`;
  if (executed.length > 1) {
    throw new Violation("nothing is executed twice", `${who}: ${executed.map(plain).join(", ")}`);
  }
  if (told === undefined) return "unknown";
  if ("result" in told.answer) {
    const [own] = executed;
    const says = plain(told.answer.result);
    if (own === undefined) {
      throw new Violation("what was acknowledged is in the log", `${who} was told ${says}`);
    }
    if (plain(own) !== says) {
      const text = `${who} was told ${says}, the log says ${plain(own)}`;
      throw new Violation("writes answer what the log says", text);
    }
    return "executed";
  }
  if (told.answer.outcome === "unknown") return "unknown";
  if (executed.length > 0) {
    const text = `${who} was told ${told.answer.code} (${told.answer.message}), the log says ${executed.map(plain).join(", ")}`;
    throw new Violation("not executed is the truth", text);
  }
  checkFailure(who, told.answer, results.filter(isFailure));
  return "not executed";
}

/** A conflict is the log's to decide, and so is what it was with. */
function checkFailure(who: string, told: SynodError, failures: readonly OperationFailure[]): void {
  if (told.code !== "CONFLICT" && told.code !== "NOT_A_NUMBER") return;
  const decided = failures.filter(({ code }) => code === told.code);
  const met = told instanceof ConflictError ? (told.actualRevision ?? absent) : undefined;
  if (decided.some(({ revision }) => met === undefined || revision === met)) return;
  const says = decided.map(({ revision }) => revision).join(", ") || "nothing of it";
  const text = `${who} was told ${told.code} with revision ${met}, the log says ${says}`;
  throw new Violation("conflicts are what the log says", text);
}

/** Whether results answer the operations they are said to answer: what comes from outside is never taken on trust. */
import { operationKind } from "../../kv/commands/operation.ts";
import type { OperationResult } from "../../kv/commands/result.ts";
import type { Call } from "./call.ts";

/** `calls` may have gaps where nobody waits any more. */
export function answers(
  calls: readonly (Call | undefined)[],
  results: readonly OperationResult[],
): boolean {
  if (calls.length !== results.length) return false;
  for (let at = 0; at < calls.length; at++) {
    const call = calls[at];
    if (call !== undefined && !isAnswerTo(call, results[at] as OperationResult)) return false;
  }
  return true;
}

function isAnswerTo({ request }: Call, result: OperationResult): boolean {
  const { kind } = request;
  if (typeof result === "number") return kind === operationKind.put;
  if (result.kind === 0) return true;
  if (kind !== result.kind) return false;
  if (result.kind !== operationKind.transaction || request.kind !== operationKind.transaction) {
    return true;
  }
  const { operations } = request;
  return (
    result.results.length === operations.length &&
    result.results.every((inner, at) => kindOf(inner) === operations[at]?.kind)
  );
}

function kindOf(result: OperationResult): number {
  return typeof result === "number" ? operationKind.put : result.kind;
}

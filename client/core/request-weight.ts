/** How much of a frame an operation takes up beside its bytes. */
import { operationKind } from "../../kv/commands/operation.ts";
import { pageRowsMax } from "../../kv/limits.ts";
import type { Request } from "./call.ts";

/** Rows that the answer to a read may have; for a write the operations in it. */
export function weightOf(operation: Request): number {
  if (operation.kind === operationKind.range || operation.kind === operationKind.changes) {
    const { limit } = operation;
    return limit === 0 ? pageRowsMax : Math.min(limit, pageRowsMax);
  }
  if (operation.kind === operationKind.transaction) return 1 + operation.operations.length;
  return 1;
}

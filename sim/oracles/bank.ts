/** Whoever sees all accounts at one moment sees the sum that they have at every moment, on whatever replica. */
import { operationKind } from "../../kv/commands/operation.ts";
import { Violation } from "../violation.ts";
import { accountRange, accounts } from "../workload/bank.ts";
import type { Recorded } from "../workload/history.ts";
import { textOf } from "./facts.ts";

/** Returns how often all accounts were seen together. */
export function checkBank(operations: readonly Recorded[]): number {
  let audits = 0;
  for (const recorded of operations) {
    const sum = sumSeen(recorded);
    if (sum === undefined) continue;
    audits += 1;
    if (sum === 0) continue;
    const text = `${recorded.client} at ${recorded.invokedMs} ms saw accounts with a sum of ${sum}`;
    throw new Violation("transactions take effect as a whole", text);
  }
  return audits;
}

/** Undefined when it did not see all of them. */
function sumSeen({ operation, told }: Recorded): number | undefined {
  if (told === undefined || !("result" in told.answer)) return undefined;
  const { result, rest } = told.answer;
  if (typeof result === "number") return undefined;
  if (operation.kind === operationKind.range && "rows" in result) {
    const { start, end, cursor, keysOnly } = operation;
    if (keysOnly) return undefined;
    const isAll = start === accountRange.start && end === accountRange.end && cursor === undefined;
    if (!isAll || result.cursor !== undefined || rest !== undefined) return undefined;
    return result.rows.reduce(
      (sum, row) => sum + ("version" in row ? Number(textOf(row.version)) : 0),
      0,
    );
  }
  if (operation.kind !== operationKind.transaction || !("results" in result)) return undefined;
  const keys = new Set<string>();
  let sum = 0;
  for (const [at, part] of operation.operations.entries()) {
    const seen = result.results[at];
    if (part.kind !== operationKind.get || typeof seen !== "object" || !("version" in seen)) {
      continue;
    }
    keys.add(part.key);
    if (seen.version !== undefined) sum += Number(textOf(seen.version));
  }
  return accounts.every((key) => keys.has(key)) ? sum : undefined;
}

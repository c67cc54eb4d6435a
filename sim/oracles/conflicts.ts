/** Whoever was refused for a conflict met something else than what was expected. */
import { ConflictError } from "../../client/errors.ts";
import { Violation } from "../violation.ts";
import type { Recorded } from "../workload/history.ts";

/** Returns how many there were. */
export function checkConflicts(operations: readonly Recorded[]): number {
  let conflicts = 0;
  for (const { operation, told, client, invokedMs } of operations) {
    if (!(told?.answer instanceof ConflictError)) continue;
    conflicts += 1;
    // Raw answers do not repeat what was expected.
    const own = "expectation" in operation ? operation.expectation : undefined;
    const { actualRevision, expectedRevision = own } = told.answer;
    if (expectedRevision !== actualRevision) continue;
    const text = `${client} at ${invokedMs} ms expected revision ${expectedRevision}, and was refused although it was met`;
    throw new Violation("conflicts are what the log says", text);
  }
  return conflicts;
}

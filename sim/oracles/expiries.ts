/** Keys live as long as they were given, by the group's time, and not longer: whoever is due is gone. */
import { changeOperation } from "../../kv/change.ts";
import { operationKind } from "../../kv/commands/operation.ts";
import { revisionsPerMs, type Revision } from "../../kv/revision.ts";
import { Violation } from "../violation.ts";
import type { Recorded } from "../workload/history.ts";
import type { LogVersions } from "./log-versions.ts";

/** Units of one entry follow each other without looking at the time again. */
const slack = revisionsPerMs;
const check = "keys expire when they are due";

/** `lastRevision`: of the whole log. Returns how many keys expired. */
export function checkExpiries(
  operations: readonly Recorded[],
  versions: LogVersions,
  lastRevision: Revision,
): number {
  let expired = 0;
  for (const [key, changes] of versions.keys) {
    let due = 0;
    for (const { change } of changes) {
      if (change.operation === changeOperation.expire) {
        expired += 1;
        if (due === 0 || change.revision < due) {
          const text = `${JSON.stringify(key)} expired at ${change.revision}, it was due at ${due}`;
          throw new Violation(check, text);
        }
      } else if (due !== 0 && change.revision > due + slack) {
        // The entry that passes the time takes the key away first.
        const text = `${JSON.stringify(key)} was due at ${due} and still there at ${change.revision}`;
        throw new Violation(check, text);
      }
      due = change.operation === changeOperation.put ? change.expiresAt : 0;
    }
    if (due !== 0 && due + slack <= lastRevision) {
      const text = `${JSON.stringify(key)} was due at ${due} and is there at ${lastRevision}`;
      throw new Violation(check, text);
    }
  }
  for (const recorded of operations) {
    checkLifetime(recorded, versions);
    checkCounted(recorded, versions);
  }
  return expired;
}

function checkLifetime({ operation, told, client }: Recorded, versions: LogVersions): void {
  if (operation.kind !== operationKind.put || told === undefined) return;
  if (!("result" in told.answer) || typeof told.answer.result !== "number") return;
  const revision = told.answer.result;
  const change = versions.at(operation.key, revision)?.found.change;
  const { ttlMs } = operation;
  const expected = ttlMs === 0 ? 0 : revision + ttlMs * revisionsPerMs;
  if (change === undefined || change.expiresAt === expected) return;
  const text = `${client} put ${JSON.stringify(operation.key)} for ${ttlMs} ms at ${revision}, it is due at ${change.expiresAt}`;
  throw new Violation(check, text);
}

/** An increment changes what a key holds, and not for how long. */
function checkCounted({ operation, told, client }: Recorded, versions: LogVersions): void {
  if (operation.kind !== operationKind.increment || told === undefined) return;
  if (!("result" in told.answer) || typeof told.answer.result === "number") return;
  const { result } = told.answer;
  if (result.kind !== operationKind.increment) return;
  const at = versions.at(operation.key, result.revision);
  if (at === undefined) return;
  const { previous, found } = at;
  const before = previous?.change.operation === changeOperation.put ? previous.change.expiresAt : 0;
  if (found.change.expiresAt === before) return;
  const text = `${client} counted ${JSON.stringify(operation.key)} at ${result.revision}, it was due at ${before} and is now at ${found.change.expiresAt}`;
  throw new Violation(check, text);
}

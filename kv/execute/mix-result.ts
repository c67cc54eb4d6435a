/** Adds what an operation came to to the state checksum: two replicas whose states differ soon answer differently. */
import { operationKind } from "../commands/operation.ts";
import { isFailure, type OperationResult } from "../commands/result.ts";
import { refusalCodes } from "../refusal.ts";
import type { Checksum } from "../state/checksum.ts";

export function mixResult(checksum: Checksum, result: OperationResult): void {
  if (typeof result === "number") {
    checksum.mix(result);
  } else if (isFailure(result)) {
    checksum.mix(refusalCodes.indexOf(result.code));
    checksum.mix(result.revision);
  } else if (result.kind === operationKind.get) {
    checksum.mix(result.version?.revision ?? 0);
  } else if (result.kind !== operationKind.range && result.kind !== operationKind.changes) {
    checksum.mix(result.revision);
    if (result.kind === operationKind.delete) checksum.mix(Number(result.existed));
    if (result.kind === operationKind.increment) checksum.mix(result.value);
    if (result.kind === operationKind.deleteRange) checksum.mix(result.deleted);
    if (result.kind === operationKind.transaction) {
      for (const inner of result.results) mixResult(checksum, inner);
    }
  }
}

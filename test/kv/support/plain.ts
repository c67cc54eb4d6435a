/** Outcomes and results with their values as text, so that tests can compare them with what they expect. */
import { operationKind } from "../../../kv/commands/operation.ts";
import type { OperationResult } from "../../../kv/commands/result.ts";
import type { FrameOutcome } from "../../../kv/frame.ts";
import { versionKind, type Version } from "../../../kv/version.ts";

export function valueText(version: Version | undefined): string | undefined {
  if (version === undefined) return undefined;
  return new TextDecoder().decode(version.source.subarray(version.start, version.end));
}

/** `[key, value, revision]` of each row; the key without its bucket. */
export function plainRows(result: OperationResult | undefined): unknown[] {
  if (typeof result !== "object" || result.kind !== operationKind.range) return [result];
  return result.rows.map(({ key, version }) => [
    key.slice(2),
    valueText(version),
    version.revision,
  ]);
}

/** `[key, revision, value, expiresAt]` of each row; the key without its bucket, undefined as a tombstone's value. */
export function plainChanges(result: OperationResult | undefined): unknown[] {
  if (typeof result !== "object" || result.kind !== operationKind.changes) return [result];
  return result.rows.map(({ key, version }) => [
    key.slice(2),
    version.revision,
    version.kind === versionKind.tombstone ? undefined : valueText(version),
    version.expiresAt,
  ]);
}

export function plain(result: OperationResult | undefined): unknown {
  if (typeof result !== "object") return result;
  if (result.kind === operationKind.get) {
    const { version } = result;
    return version === undefined
      ? null
      : { value: valueText(version), revision: version.revision, expiresAt: version.expiresAt };
  }
  if (result.kind === operationKind.range) {
    return { rows: plainRows(result), cursor: result.cursor };
  }
  if (result.kind === operationKind.changes) {
    return { rows: plainChanges(result), cursor: result.cursor };
  }
  if (result.kind === operationKind.transaction) {
    return { revision: result.revision, results: result.results.map(plain) };
  }
  return { ...result, kind: undefined };
}

export function plainOutcome(outcome: FrameOutcome): unknown {
  if (outcome.refused) return { number: outcome.number, code: outcome.code };
  const { number, slot, index, lastRevision, results } = outcome;
  return { number, slot, index, lastRevision, results: results.map(plain) };
}

/** What operations answer. A put answers with its revision alone, as a plain number: most operations are puts. */
import type { RefusalCode } from "../refusal.ts";
import type { Revision } from "../revision.ts";
import type { Cell, InternalKey } from "../state-reader.ts";
import type { Version } from "../version.ts";
import type { ChangesCursor, operationKind } from "./operation.ts";

/** Where nothing was changed, `revision` is the last revision, as of which that holds. */
export interface DeleteResult {
  readonly kind: typeof operationKind.delete;
  readonly revision: Revision;
  readonly existed: boolean;
}

export interface IncrementResult {
  readonly kind: typeof operationKind.increment;
  readonly revision: Revision;
  readonly value: number;
}

export interface DeleteRangeResult {
  readonly kind: typeof operationKind.deleteRange;
  readonly revision: Revision;
  readonly deleted: number;
  /** Where to go on; undefined = nothing is left in the range. */
  readonly cursor: InternalKey | undefined;
}

export interface TransactionResult {
  readonly kind: typeof operationKind.transaction;
  readonly revision: Revision;
  /** One per operation, in order. */
  readonly results: readonly OperationResult[];
}

export interface GetResult {
  readonly kind: typeof operationKind.get;
  /** Undefined when there is no such key; a tombstone only where one was asked for. */
  readonly version: Version | undefined;
}

export interface RangeResult {
  readonly kind: typeof operationKind.range;
  /** Values are empty where only keys were asked for. */
  readonly rows: readonly Cell[];
  /** Where to go on; undefined = the range has been read to its end. A page may be short, even empty, and still have one. */
  readonly cursor: InternalKey | undefined;
}

export interface ChangesResult {
  readonly kind: typeof operationKind.changes;
  /** Tombstones are rows too. Values are empty where only keys were asked for. */
  readonly rows: readonly Cell[];
  /** Where to go on; undefined = everything has been read. A page may be short, even empty, and still have one. */
  readonly cursor: ChangesCursor | undefined;
}

/** The operation was not executed and never will be. */
export interface OperationFailure {
  readonly kind: 0;
  readonly code: RefusalCode;
  /** With `CONFLICT`: the key's actual revision, `absent` when there is no such key. Otherwise 0. */
  readonly revision: Revision;
  /** Which check, or (counted on behind the checks) which operation of a transaction failed; -1 outside of one. */
  readonly position: number;
}

export type OperationResult =
  | Revision
  | DeleteResult
  | IncrementResult
  | DeleteRangeResult
  | TransactionResult
  | GetResult
  | RangeResult
  | ChangesResult
  | OperationFailure;

export function failure(
  code: RefusalCode,
  position = -1,
  revision: Revision = 0,
): OperationFailure {
  return { kind: 0, code, revision, position };
}

export function isFailure(result: OperationResult): result is OperationFailure {
  return typeof result === "object" && result.kind === 0;
}

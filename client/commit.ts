/** Transactions that are known beforehand: conditions and operations, carried out together or not at all. */
import { bucketPrefix } from "../infra/codec/key-text.ts";
import { encodedBytesMax } from "../infra/codec/request-encoder.ts";
import { SynodError } from "../infra/errors/synod-error.ts";
import {
  absent,
  checkKind,
  operationKind,
  type Check as StoredCheck,
  type Transaction,
  type TransactionOperation,
} from "../kv/commands/operation.ts";
import type { OperationResult, TransactionResult } from "../kv/commands/result.ts";
import {
  transactionBytesMax,
  transactionChecksMax,
  transactionOperationsMax,
} from "../kv/limits.ts";
import type { Revision } from "../kv/revision.ts";
import type { InternalKey } from "../kv/state-reader.ts";
import type { Caller } from "./caller.ts";
import { entryOf, type Entry } from "./entry.ts";
import {
  deleteOf,
  expectationOf,
  getOf,
  incrementOf,
  keyIn,
  putOf,
  type Key,
  type Value,
} from "./input.ts";
import { badRequest, requireOptions, ttlMsOf, wholeNumber, type CallOptions } from "./options.ts";
import { boundsIn, type Bounds } from "./range-scan.ts";

interface Keyed {
  /** `default` unless given. */
  readonly bucket?: string;
  readonly key: Key;
}

/** What has to hold when the transaction is carried out; otherwise it fails with `ConflictError`. */
export type Check =
  /** The key has this revision; 0 = there is no such key. */
  | (Keyed & { readonly revision: Revision })
  /** Whether there is such a key. */
  | (Keyed & { readonly exists: boolean })
  /** No key of the range was written or removed after this revision. A range may hold 4,000 keys. */
  | (Bounds & { readonly bucket?: string; readonly unchangedSince: Revision });

/** Each key is written at most once. Gets and increments see the state before the transaction. */
export type Operation =
  | (Keyed & {
      readonly op: "put";
      readonly value: Value;
      readonly ttlMs?: number;
      readonly previousRevision?: Revision;
    })
  | (Keyed & { readonly op: "delete"; readonly previousRevision?: Revision })
  | (Keyed & { readonly op: "increment"; readonly delta?: number })
  | (Keyed & { readonly op: "get" });

/** A transaction that is known beforehand. */
export interface Declared {
  /** At most 1,024. All have to hold, or nothing is done. */
  readonly checks?: readonly Check[];
  /** At most 128, and 900 KiB together. */
  readonly operations?: readonly Operation[];
}

/** What one operation of a declared transaction came to. */
export type OperationOutcome =
  | { readonly op: "put" }
  | { readonly op: "delete"; readonly existed: boolean }
  | { readonly op: "increment"; readonly value: number }
  | { readonly op: "get"; readonly entry: Entry | null };

/** What a declared transaction came to. */
export interface Committed {
  /** Of everything it wrote; where it wrote nothing, one as of which its checks held. */
  readonly revision: Revision;
  /** One for each operation, in order. */
  readonly results: readonly OperationOutcome[];
}

/** Throws what is wrong with it, before anything is sent. */
export function commit(
  caller: Caller,
  declared: Declared,
  options: CallOptions,
): Promise<Committed> {
  requireOptions(options);
  if (typeof declared !== "object" || declared === null) {
    throw badRequest("a transaction is an object with checks and operations");
  }
  const { checks = [], operations = [] } = declared;
  if (!Array.isArray(checks) || !Array.isArray(operations)) {
    throw badRequest("checks and operations are arrays");
  }
  const transaction = transactionOf(
    (checks as readonly Check[]).map(checkOf),
    (operations as readonly Operation[]).map(operationOf),
  );
  return caller.write(transaction, options, (result) => committed(transaction, result));
}

/** Throws `TRANSACTION_TOO_LARGE`, and `BAD_REQUEST` for a key that is written twice. */
export function transactionOf(
  checks: readonly StoredCheck[],
  operations: readonly TransactionOperation[],
): Transaction {
  const transaction: Transaction = { kind: operationKind.transaction, checks, operations };
  const bytes = encodedBytesMax(transaction);
  if (operations.length > transactionOperationsMax || bytes > transactionBytesMax) {
    const claim = `a transaction of ${operations.length} operations and ${bytes} bytes`;
    throw new SynodError("TRANSACTION_TOO_LARGE", claim);
  }
  if (checks.length > transactionChecksMax) {
    const claim = `a transaction of ${checks.length} checks; at most ${transactionChecksMax} are possible`;
    throw new SynodError("TRANSACTION_TOO_LARGE", claim);
  }
  if (checks.length + operations.length === 0) throw badRequest("the transaction is empty");
  const written = new Set<InternalKey>();
  for (const { kind, key } of operations) {
    if (kind === operationKind.get) continue;
    if (written.has(key)) throw badRequest("the transaction writes a key more than once");
    written.add(key);
  }
  return transaction;
}

function checkOf(check: Check): StoredCheck {
  if (typeof check !== "object" || check === null) throw badRequest("a check is an object");
  const prefix = bucketPrefix(check.bucket ?? "default");
  if ("unchangedSince" in check) {
    const since = wholeNumber("unchangedSince", check.unchangedSince, 0);
    return { kind: checkKind.unchanged, ...boundsIn(prefix, check), since };
  }
  const key = keyIn(prefix, check.key);
  if ("revision" in check) {
    const revision = wholeNumber("revision", check.revision, 0);
    return { kind: checkKind.revision, key, revision };
  }
  if (typeof check.exists !== "boolean") {
    throw badRequest("a check has a revision, exists, or unchangedSince");
  }
  if (check.exists) return { kind: checkKind.exists, key };
  return { kind: checkKind.revision, key, revision: absent };
}

function operationOf(operation: Operation): TransactionOperation {
  if (typeof operation !== "object" || operation === null) {
    throw badRequest("an operation is an object");
  }
  const key = keyIn(bucketPrefix(operation.bucket ?? "default"), operation.key);
  switch (operation.op) {
    case "put": {
      const { value, ttlMs, previousRevision } = operation;
      return putOf(key, value, ttlMsOf(ttlMs), expectationOf(previousRevision));
    }
    case "delete":
      return deleteOf(key, expectationOf(operation.previousRevision));
    case "increment":
      return incrementOf(key, operation.delta ?? 1);
    case "get":
      return getOf(key);
    default:
      throw badRequest("an operation's op is put, delete, increment or get");
  }
}

function committed({ operations }: Transaction, result: OperationResult): Committed {
  const { revision, results } = result as TransactionResult;
  return {
    revision,
    results: results.map((inner, at) => outcomeOf(operations[at] as TransactionOperation, inner)),
  };
}

function outcomeOf({ key }: TransactionOperation, result: OperationResult): OperationOutcome {
  if (typeof result === "number") return { op: "put" };
  if (result.kind === operationKind.delete) return { op: "delete", existed: result.existed };
  if (result.kind === operationKind.increment) return { op: "increment", value: result.value };
  const version = result.kind === operationKind.get ? result.version : undefined;
  return { op: "get", entry: version === undefined ? null : entryOf(key, version) };
}

/** Executes the operations of writing frames on the applied state, each as one atomic unit. */
import { keyAfter } from "../internal-key.ts";
import {
  absent,
  expectNothing,
  operationKind,
  type Delete,
  type DeleteRange,
  type Increment,
  type Put,
  type WriteOperation,
} from "../commands/operation.ts";
import { failure, type OperationResult } from "../commands/result.ts";
import { cursorBytesMax } from "../limits.ts";
import { newest } from "../revision.ts";
import type { AppliedState } from "../state/applied-state.ts";
import type { InternalKey } from "../state-reader.ts";
import { tombstoneReason } from "../version.ts";
import type { Budget } from "./budget.ts";
import { integerBytes, parseInteger } from "./decimal.ts";
import { rowsWanted } from "./range-page.ts";
import { TransactionExecutor } from "./transaction-executor.ts";

export class WriteExecutor {
  readonly #state: AppliedState;
  readonly #budget: Budget;
  readonly #transactions: TransactionExecutor;

  constructor(state: AppliedState, budget: Budget) {
    this.#state = state;
    this.#budget = budget;
    this.#transactions = new TransactionExecutor(state, budget);
  }

  execute(operation: WriteOperation): OperationResult {
    if (operation.kind === operationKind.put) return this.#put(operation);
    if (operation.kind === operationKind.delete) return this.#delete(operation);
    if (operation.kind === operationKind.increment) return this.#increment(operation);
    if (operation.kind === operationKind.deleteRange) return this.#deleteRange(operation);
    if (operation.kind === operationKind.transaction) return this.#transactions.execute(operation);
    return failure(operation.code, operation.position);
  }

  #put(put: Put): OperationResult {
    const { regions, data, lastRevision } = this.#state;
    if (!regions.owns(put.key)) return failure("WRONG_REGION");
    if (put.expectation !== expectNothing) {
      const actual = data.live(put.key)?.revision ?? absent;
      if (actual !== put.expectation) return failure("CONFLICT", -1, actual);
    }
    const revision = lastRevision.take();
    data.put(put.key, revision, put.source, put.start, put.end, put.ttlMs);
    return revision;
  }

  #delete({ key, expectation, purge = false }: Delete): OperationResult {
    const { regions, data, lastRevision, watermark } = this.#state;
    if (!regions.owns(key)) return failure("WRONG_REGION");
    const actual = data.live(key)?.revision ?? absent;
    if (expectation !== expectNothing && actual !== expectation) {
      return failure("CONFLICT", -1, actual);
    }
    const existed = actual !== absent;
    const buries = purge ? data.hasPast(key, watermark) : existed;
    const revision = buries ? lastRevision.take() : lastRevision.value;
    const reason = purge ? tombstoneReason.purged : tombstoneReason.deleted;
    if (buries) data.bury(key, revision, reason);
    return { kind: operationKind.delete, revision, existed };
  }

  #increment({ key, delta }: Increment): OperationResult {
    const { regions, data, lastRevision } = this.#state;
    if (!regions.owns(key)) return failure("WRONG_REGION");
    const current = data.live(key);
    const before =
      current === undefined ? 0 : parseInteger(current.source, current.start, current.end);
    const value = before === undefined ? undefined : before + delta;
    if (value === undefined || !Number.isSafeInteger(value)) return failure("NOT_A_NUMBER");
    const revision = lastRevision.take();
    const bytes = integerBytes(value);
    data.update(key, revision, bytes, 0, bytes.length, current?.expiresAt ?? 0);
    return { kind: operationKind.increment, revision, value };
  }

  #deleteRange(operation: DeleteRange): OperationResult {
    const { regions, data, lastRevision } = this.#state;
    const start = operation.cursor === undefined ? operation.start : keyAfter(operation.cursor);
    if (!regions.ownsRange(start, operation.end)) return failure("WRONG_REGION");
    const budget = this.#budget;
    if (!budget.takeBytes(cursorBytesMax)) return failure("FRAME_TOO_LARGE");
    const page = this.#page(start, operation.end, rowsWanted(operation.limit));
    budget.giveBackBytes(cursorBytesMax - (page?.cursor?.length ?? 0));
    if (page === undefined) return failure("OVERLOADED");
    const { keys, cursor } = page;
    const revision = keys.length > 0 ? lastRevision.take() : lastRevision.value;
    for (const key of keys) data.bury(key, revision);
    return { kind: operationKind.deleteRange, revision, deleted: keys.length, cursor };
  }

  /**
   * The first keys of the range that exist, collected before any is buried: a cursor does not survive a write.
   * Undefined when the entry may not look at a single key more.
   */
  #page(start: InternalKey, end: InternalKey | undefined, wanted: number): DeletePage | undefined {
    const { data, watermark } = this.#state;
    const keys: InternalKey[] = [];
    let seen: InternalKey | undefined;
    const cursor = data.scan(start, end, false, newest);
    while (cursor.next()) {
      if (!cursor.matters(watermark)) continue;
      if (keys.length === wanted) return { keys, cursor: seen };
      if (!this.#budget.takeKey()) return seen === undefined ? undefined : { keys, cursor: seen };
      if (cursor.live !== undefined) keys.push(cursor.key);
      seen = cursor.key;
    }
    return { keys, cursor: undefined };
  }
}

interface DeletePage {
  readonly keys: readonly InternalKey[];
  readonly cursor: InternalKey | undefined;
}

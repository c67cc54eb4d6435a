/**
 * Executes a transaction as one atomic unit, in two halves: everything is decided on the state before the
 * transaction, then everything is written at one revision. A failure in the first half leaves no trace.
 */
import {
  absent,
  checkKind,
  expectNothing,
  operationKind,
  type Check,
  type Increment,
  type Transaction,
  type TransactionOperation,
  type UnchangedCheck,
} from "../commands/operation.ts";
import { failure, type OperationFailure, type OperationResult } from "../commands/result.ts";
import { resultBytesMax, transactionRangeKeysMax } from "../limits.ts";
import { newest, type Revision } from "../revision.ts";
import type { AppliedState } from "../state/applied-state.ts";
import type { InternalKey } from "../state-reader.ts";
import { tombstoneReason, type Version } from "../version.ts";
import type { Budget } from "./budget.ts";
import { integerBytes, parseInteger } from "./decimal.ts";

/** What the first half found out about one operation. */
interface Decision {
  /** The version the operation met; undefined when there was no such key. */
  readonly met: Version | undefined;
  /** An increment's new value; 0 for other operations. */
  readonly value: number;
}

export class TransactionExecutor {
  readonly #state: AppliedState;
  readonly #budget: Budget;
  /** Keys the transaction at hand writes. */
  readonly #written = new Set<InternalKey>();
  #rangeKeysLeft = 0;

  constructor(state: AppliedState, budget: Budget) {
    this.#state = state;
    this.#budget = budget;
  }

  execute({ checks, operations }: Transaction): OperationResult {
    this.#rangeKeysLeft = transactionRangeKeysMax;
    for (const [position, check] of checks.entries()) {
      const failed = this.#check(check, position);
      if (failed !== undefined) return failed;
    }
    this.#written.clear();
    const decisions: Decision[] = [];
    let writes = false;
    let answerBytes = operations.length * resultBytesMax;
    for (const [at, operation] of operations.entries()) {
      const decision = this.#decide(operation, checks.length + at);
      if ("code" in decision) return decision;
      decisions.push(decision);
      writes ||= this.#writes(operation, decision.met);
      if (operation.kind === operationKind.get) answerBytes += lengthOf(decision.met);
    }
    if (!this.#budget.takeBytes(answerBytes)) return failure("FRAME_TOO_LARGE");
    const { lastRevision } = this.#state;
    const revision = writes ? lastRevision.take() : lastRevision.value;
    const results = operations.map((operation, at) =>
      this.#carryOut(operation, decisions[at] as Decision, revision),
    );
    return { kind: operationKind.transaction, revision, results };
  }

  #check(check: Check, position: number): OperationFailure | undefined {
    const { regions, data } = this.#state;
    if (check.kind === checkKind.unchanged) return this.#checkUnchanged(check, position);
    if (!regions.owns(check.key)) return failure("WRONG_REGION", position);
    const actual = data.live(check.key)?.revision ?? absent;
    const holds = check.kind === checkKind.exists ? actual !== absent : actual === check.revision;
    return holds ? undefined : failure("CONFLICT", position, actual);
  }

  #checkUnchanged(check: UnchangedCheck, position: number): OperationFailure | undefined {
    const { regions, data, watermark } = this.#state;
    if (!regions.ownsRange(check.start, check.end)) return failure("WRONG_REGION", position);
    // Below the watermark tombstones are gone: whether a key was removed since then cannot be told.
    if (check.since < watermark) return failure("TOO_OLD", position);
    const cursor = data.scan(check.start, check.end, false, newest);
    while (cursor.next()) {
      if (!cursor.matters(watermark)) continue;
      if (this.#rangeKeysLeft-- === 0) return failure("TRANSACTION_TOO_LARGE", position);
      if (!this.#budget.takeKey()) return failure("OVERLOADED", position);
      const revision = cursor.version?.revision ?? absent;
      if (revision > check.since) return failure("CONFLICT", position, revision);
    }
    return undefined;
  }

  #decide(operation: TransactionOperation, position: number): Decision | OperationFailure {
    const { regions, data } = this.#state;
    const { kind, key } = operation;
    if (!regions.owns(key)) return failure("WRONG_REGION", position);
    if (kind === operationKind.get) return { met: data.live(key), value: 0 };
    if (this.#written.has(key)) return failure("BAD_REQUEST", position);
    this.#written.add(key);
    if (kind === operationKind.put && operation.expectation === expectNothing) return nothingMet;
    const met = data.live(key);
    if (kind === operationKind.increment) return decideIncrement(operation, met, position);
    const actual = met?.revision ?? absent;
    if (operation.expectation !== expectNothing && operation.expectation !== actual) {
      return failure("CONFLICT", position, actual);
    }
    return { met, value: 0 };
  }

  /** Only a delete may have nothing to do. */
  #writes(operation: TransactionOperation, met: Version | undefined): boolean {
    if (operation.kind === operationKind.get) return false;
    if (operation.kind !== operationKind.delete || met !== undefined) return true;
    const { data, watermark } = this.#state;
    return operation.purge === true && data.hasPast(operation.key, watermark);
  }

  #carryOut(
    operation: TransactionOperation,
    { met, value }: Decision,
    revision: Revision,
  ): OperationResult {
    const { data } = this.#state;
    if (operation.kind === operationKind.get) return { kind: operationKind.get, version: met };
    const { key } = operation;
    if (operation.kind === operationKind.put) {
      const { source, start, end, ttlMs } = operation;
      data.put(key, revision, source, start, end, ttlMs);
      return revision;
    }
    if (operation.kind === operationKind.increment) {
      const bytes = integerBytes(value);
      data.update(key, revision, bytes, 0, bytes.length, met?.expiresAt ?? 0);
      return { kind: operationKind.increment, revision, value };
    }
    const reason = operation.purge === true ? tombstoneReason.purged : tombstoneReason.deleted;
    if (this.#writes(operation, met)) data.bury(key, revision, reason);
    return { kind: operationKind.delete, revision, existed: met !== undefined };
  }
}

const nothingMet: Decision = { met: undefined, value: 0 };

function decideIncrement(
  { delta }: Increment,
  met: Version | undefined,
  position: number,
): Decision | OperationFailure {
  const before = met === undefined ? 0 : parseInteger(met.source, met.start, met.end);
  const value = before === undefined ? undefined : before + delta;
  if (value === undefined || !Number.isSafeInteger(value)) return failure("NOT_A_NUMBER", position);
  return { met, value };
}

function lengthOf(version: Version | undefined): number {
  return version === undefined ? 0 : version.end - version.start;
}

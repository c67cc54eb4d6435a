/** From what is known of a failing call to the error its caller gets: what happened, and whether it was executed. */
import { errorTable, type ErrorCode, type Outcome } from "../../infra/errors/error-table.ts";
import { SynodError } from "../../infra/errors/synod-error.ts";
import { splitInternalKey } from "../../infra/codec/key-text.ts";
import { regionBoundText } from "../../infra/codec/region-bound.ts";
import {
  absent,
  checkKind,
  expectNothing,
  operationKind,
  type Check,
} from "../../kv/commands/operation.ts";
import type { OperationFailure } from "../../kv/commands/result.ts";
import { bucketSeparator } from "../../kv/internal-key.ts";
import type { InternalKey } from "../../kv/state-reader.ts";
import { AbortedError, ConflictError, TimeoutError } from "../errors.ts";
import type { Call, Request } from "./call.ts";
import type { Refusal } from "./refusal.ts";

const verbs: { readonly [Kind in Request["kind"]]: string } = {
  [operationKind.put]: "put of",
  [operationKind.delete]: "delete of",
  [operationKind.increment]: "increment of",
  [operationKind.get]: "get of",
  [operationKind.range]: "range from",
  [operationKind.changes]: "changes from",
  [operationKind.deleteRange]: "deleteRange from",
  [operationKind.transaction]: "transaction on",
};

/** `put of default/greeting` */
export function describe(operation: Request): string {
  return `${verbs[operation.kind]} ${keyText(firstKeyOf(operation))}`;
}

function firstKeyOf(operation: Request): InternalKey {
  if ("key" in operation) return operation.key;
  if ("start" in operation) return operation.start;
  const first = operation.operations[0] ?? operation.checks[0];
  if (first === undefined) return "";
  return "key" in first ? first.key : first.start;
}

/** What keeps a call from being sent at all; undefined when nothing does. */
export type Hindrance = Refusal | undefined;

/** The deadline has passed. */
export function timedOut(call: Call, hindrance: Hindrance): SynodError {
  const { frame, timeoutMs } = call;
  const what = describe(call.operation);
  const refusal = frame?.refusal ?? call.refusal;
  const outcome = frame?.outcome ?? "not executed";
  const isUnderWay = frame !== undefined && !frame.isWaiting;
  const reason = hindrance ?? refusal;
  const last = reason === undefined ? "" : `; the last word was ${refusalText(reason)}`;
  if (outcome === "unknown") {
    const claim = `${what} got no final answer within ${timeoutMs} ms and may have been executed`;
    return new TimeoutError(claim + last, timeoutMs, outcome);
  }
  if (isUnderWay && hindrance === undefined) {
    return new TimeoutError(
      `${what} was not answered within ${timeoutMs} ms${last}`,
      timeoutMs,
      outcome,
    );
  }
  if (reason === undefined) {
    const claim = `${what} was still waiting behind others after ${timeoutMs} ms`;
    return new TimeoutError(claim, timeoutMs, outcome);
  }
  const claim = `${what} was not executed within ${timeoutMs} ms: ${reason.message}`;
  return new SynodError(reason.code, claim, { outcome });
}

export function aborted(call: Call, reason: unknown): AbortedError {
  const outcome = call.frame?.outcome ?? "not executed";
  return new AbortedError(`${describe(call.operation)} was aborted`, reason, outcome);
}

export function closedMeanwhile(call: Call): SynodError {
  const outcome = call.frame?.outcome ?? "not executed";
  const claim = `the client was closed before ${describe(call.operation)} was answered`;
  return new SynodError("CLIENT_CLOSED", claim, { outcome });
}

/** The frame was refused in a way that sending it again would not change. */
export function finallyRefused(call: Call, refusal: Refusal, outcome: Outcome): SynodError {
  const claim = `${describe(call.operation)} was refused: ${refusal.message}`;
  return new SynodError(refusal.code, claim, { outcome });
}

/** The log, or the replica that read, decided this one operation: it was not executed and never will be. */
export function operationFailed({ operation }: Call, failure: OperationFailure): SynodError {
  const { code } = failure;
  const outcome = errorTable[code].outcome;
  if (code === "CONFLICT") return conflict(operation, failure);
  return new SynodError(code, `${failing(operation, failure)} failed: ${meaning(code)}`, {
    outcome,
  });
}

function conflict(operation: Request, failure: OperationFailure): ConflictError {
  const { key, expected } = condition(operation, failure.position);
  const actualRevision = failure.revision;
  const found = actualRevision === absent ? "does not exist" : `has revision ${actualRevision}`;
  const wanted =
    expected === undefined
      ? ""
      : expected === absent
        ? ", expected was that it does not exist"
        : `, expected was ${expected}`;
  const { bucket, key: text } = splitInternalKey(key);
  return new ConflictError(
    // The last words are those of JetStream, which programs look for.
    `${failing(operation, failure)} met a conflict: the key ${found}${wanted} (wrong last sequence: ${actualRevision})`,
    { bucket, key: text, expectedRevision: expected, actualRevision },
  );
}

interface Condition {
  readonly key: InternalKey;
  readonly expected: number | undefined;
}

/** What did not hold. `position` counts a transaction's checks first, then its operations. */
function condition(operation: Request, position: number): Condition {
  if (operation.kind !== operationKind.transaction) return expectationOf(operation);
  const { checks, operations } = operation;
  const check = checks[position];
  if (check !== undefined) return conditionOfCheck(check);
  const inner = operations[position - checks.length];
  return inner === undefined ? { key: "", expected: undefined } : expectationOf(inner);
}

function expectationOf(operation: Request): Condition {
  const key = "key" in operation ? operation.key : "";
  if (!("expectation" in operation) || operation.expectation === expectNothing) {
    return { key, expected: undefined };
  }
  return { key, expected: operation.expectation };
}

function conditionOfCheck(check: Check): Condition {
  if (check.kind === checkKind.unchanged) return { key: check.start, expected: undefined };
  const expected = check.kind === checkKind.revision ? check.revision : undefined;
  return { key: check.key, expected };
}

function failing(operation: Request, { position }: OperationFailure): string {
  if (operation.kind !== operationKind.transaction) return describe(operation);
  const { checks, operations } = operation;
  const check = checks[position];
  if (check !== undefined) {
    const { key } = conditionOfCheck(check);
    return `check ${position + 1} of the transaction, on ${keyText(key)},`;
  }
  const inner = operations[position - checks.length];
  return inner === undefined
    ? describe(operation)
    : `${describe(inner)} in operation ${position - checks.length + 1} of the transaction`;
}

const meanings: { readonly [Code in ErrorCode]?: string } = {
  BAD_KEY: "the key has no allowed length",
  BAD_BUCKET: "the bucket has no allowed name",
  BAD_REQUEST: "the transaction writes the key more than once",
  VALUE_TOO_LARGE: "the value is larger than 512 KiB",
  FRAME_TOO_LARGE: "its answer does not fit into one message",
  TRANSACTION_TOO_LARGE: "the transaction is too large, or checks ranges of too many keys",
  NOT_A_NUMBER: "the key holds no integer, or the sum would not be a safe one",
  TOO_OLD: "history that old is not kept",
};

function meaning(code: ErrorCode): string {
  return meanings[code] ?? code;
}

function refusalText({ code, message }: Refusal): string {
  return `${code} (${message})`;
}

/** `bucket/key`, with whatever would disturb a terminal or a log escaped. */
function keyText(key: InternalKey): string {
  return key.indexOf(bucketSeparator) > 0 ? regionBoundText(key) : JSON.stringify(key);
}

/** Operations and what was told of them, in a few words. */
import { splitInternalKey } from "../../infra/codec/key-text.ts";
import type { ReadRequest, WriteRequest } from "../../infra/codec/request-encoder.ts";
import {
  absent,
  checkKind,
  expectNothing,
  operationKind,
  type Check,
  type ReadOperation,
  type TransactionOperation,
  type WriteOperation,
} from "../../kv/commands/operation.ts";
import type { OperationResult } from "../../kv/commands/result.ts";
import type { Cell, InternalKey } from "../../kv/state-reader.ts";
import type { Version } from "../../kv/version.ts";
import type { Told } from "../workload/history.ts";

type AnyOperation =
  WriteOperation | ReadOperation | TransactionOperation | WriteRequest | ReadRequest;

const valueCharactersMax = 40;

export function operationText(operation: AnyOperation): string {
  switch (operation.kind) {
    case operationKind.put: {
      const { key, source, start, end, ttlMs, expectation } = operation;
      const value = valueText(source, start, end);
      const expiry = ttlMs > 0 ? ` for ${ttlMs} ms` : "";
      return `put ${keyText(key)} = ${value}${expiry}${expectationText(expectation)}`;
    }
    case operationKind.delete:
      return `delete ${keyText(operation.key)}${expectationText(operation.expectation)}`;
    case operationKind.increment:
      return `increment ${keyText(operation.key)} by ${operation.delta}`;
    case operationKind.deleteRange:
      return `delete ${rangeText(operation)}${limitText(operation.limit)}`;
    case operationKind.transaction: {
      const checks = operation.checks.map((check) => `${checkText(check)}, `).join("");
      return `transaction (${checks}${operation.operations.map(operationText).join(", ")})`;
    }
    case operationKind.get:
      return `get ${keyText(operation.key)}`;
    case operationKind.range:
      return `range ${rangeText(operation)}${operation.reverse ? " backwards" : ""}`;
    case operationKind.changes:
      return `changes ${rangeText(operation)} since ${operation.since}`;
    default:
      return "an operation that is refused";
  }
}

export function operationsText(operations: readonly AnyOperation[]): string {
  const [first, ...more] = operations;
  if (first === undefined) return "nothing";
  return more.length === 0
    ? operationText(first)
    : `${operationText(first)} and ${more.length} more`;
}

/** What a client was told; undefined while it was told nothing. */
export function toldText(told: Told | undefined): string {
  if (told === undefined) return "no answer";
  const { answer } = told;
  if (!("result" in answer)) return `${answer.code}, ${answer.outcome}`;
  const { place } = answer;
  const where = place === undefined ? "" : ` (${place.group} slot ${place.slot})`;
  return `${resultText(answer.result)}${where}`;
}

export function resultText(result: OperationResult): string {
  if (typeof result === "number") return `revision ${result}`;
  switch (result.kind) {
    case operationKind.delete:
      return result.existed ? `deleted, revision ${result.revision}` : "there was none";
    case operationKind.increment:
      return `${result.value}, revision ${result.revision}`;
    case operationKind.deleteRange:
      return `${result.deleted} deleted, revision ${result.revision}`;
    case operationKind.transaction:
      return `done, revision ${result.revision}`;
    case operationKind.get:
      return result.version === undefined ? "nothing there" : versionText(result.version);
    case operationKind.range:
    case operationKind.changes:
      return `${result.rows.length} rows: ${result.rows.map(cellText).join(", ")}`;
    default:
      return `${result.code}, the revision is ${result.revision}`;
  }
}

/** Without the bucket that simulated clients use. */
export function keyText(key: InternalKey): string {
  if (!key.includes("\0")) return JSON.stringify(key);
  const { bucket, key: own } = splitInternalKey(key);
  const shown = own === "" ? '""' : own;
  return bucket === "default" ? shown : `${bucket}/${shown}`;
}

function rangeText(range: { readonly start: InternalKey; readonly end: InternalKey | undefined }) {
  const end = range.end === undefined ? "the end" : keyText(range.end).replace(/ÿ|\uFFFD/g, "~");
  return `${keyText(range.start)} to ${end}`;
}

function limitText(limit: number): string {
  return limit === 0 ? "" : `, ${limit} at a time`;
}

function checkText(check: Check): string {
  if (check.kind === checkKind.revision) {
    return `if ${keyText(check.key)} is at ${check.revision}`;
  }
  if (check.kind === checkKind.exists) return `if ${keyText(check.key)} exists`;
  return `if ${rangeText(check)} is unchanged since ${check.since}`;
}

function expectationText(expectation: number): string {
  if (expectation === expectNothing) return "";
  return expectation === absent ? " if there is none" : ` if it is at ${expectation}`;
}

function versionText({ source, start, end, revision }: Version): string {
  return `${valueText(source, start, end)}, revision ${revision}`;
}

function cellText({ key, version }: Cell): string {
  return `${keyText(key)} = ${valueText(version.source, version.start, version.end)}`;
}

function valueText(source: Uint8Array, start: number, end: number): string {
  const text = Buffer.from(source.buffer, source.byteOffset + start, end - start).toString("utf8");
  const isPlain = /^[\x20-\x7e]*$/.test(text);
  if (!isPlain) return `${end - start} bytes`;
  return text.length > valueCharactersMax ? `${text.slice(0, valueCharactersMax)}…` : text;
}

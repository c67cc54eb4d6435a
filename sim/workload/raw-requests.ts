/** Operations as raw requests, and their answers as results: what a program without a library of ours would do. */
import { cursorOf } from "../../infra/codec/raw/raw-range.ts";
import type { ReadRequest, WriteRequest } from "../../infra/codec/request-encoder.ts";
import { isErrorCode } from "../../infra/errors/error-table.ts";
import { SynodError } from "../../infra/errors/synod-error.ts";
import type { InboundMessage } from "../../infra/transport/transport.ts";
import { ConflictError } from "../../client/errors.ts";
import {
  checkKind,
  expectNothing,
  operationKind,
  type Put,
  type Transaction,
} from "../../kv/commands/operation.ts";
import type { OperationResult } from "../../kv/commands/result.ts";
import type { InternalKey } from "../../kv/state-reader.ts";
import { versionKind, type Version } from "../../kv/version.ts";
import { Violation } from "../violation.ts";

export interface RawRequest {
  /** Behind prefix and bucket. */
  readonly subject: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

const nothing = new Uint8Array(0);
const bucket = "default\0";

/** Undefined for what has no raw request. */
export function rawRequestOf(operation: WriteRequest | ReadRequest): RawRequest | undefined {
  switch (operation.kind) {
    case operationKind.put: {
      const headers = { ...expectationOf(operation), ...ttlOf(operation) };
      const body = operation.source.subarray(operation.start, operation.end);
      return { subject: `put.${nameOf(operation.key)}`, headers, body };
    }
    case operationKind.delete: {
      const headers = expectationOf(operation);
      return { subject: `delete.${nameOf(operation.key)}`, headers, body: nothing };
    }
    case operationKind.increment: {
      const body = Buffer.from(String(operation.delta));
      return { subject: `incr.${nameOf(operation.key)}`, headers: {}, body };
    }
    case operationKind.get:
      return { subject: `get.${nameOf(operation.key)}`, headers: {}, body: nothing };
    case operationKind.transaction:
      return { subject: "txn", headers: {}, body: json(transactionOf(operation)) };
    case operationKind.range: {
      const { start, end, limit, reverse, keysOnly } = operation;
      if (!start.startsWith(bucket) || end?.startsWith(bucket) !== true) return undefined;
      const bounds = { start: nameOf(start), end: nameOf(end) };
      return { subject: "range", headers: {}, body: json({ ...bounds, limit, reverse, keysOnly }) };
    }
    default:
      return undefined;
  }
}

interface Document {
  readonly revision: number;
  readonly existed?: boolean;
  readonly value?: number;
  readonly results?: readonly { readonly existed?: boolean; readonly value?: number }[];
  readonly entries?: readonly {
    readonly key: string;
    readonly value?: string;
    readonly revision: number;
  }[];
  readonly cursor?: string;
  readonly error?: {
    readonly code: string;
    readonly message: string;
    readonly outcome: "not executed" | "unknown";
    readonly retryable: boolean;
    readonly revision?: number;
  };
}

export interface RawOutcome {
  readonly result: OperationResult;
  /** Where a range goes on. */
  readonly rest: InternalKey | undefined;
}

/** Throws a `Violation` for what is no answer at all. */
export function outcomeOf(
  operation: WriteRequest | ReadRequest,
  message: InboundMessage,
): RawOutcome | SynodError {
  if (saysNobodyListens(message)) {
    const text = "no node listens: none is connected to NATS; ask again when one is";
    return new SynodError("UNAVAILABLE", text, { outcome: "not executed" });
  }
  const errorCode = message.header("Nats-Service-Error-Code");
  if (errorCode !== undefined) return failureOf(operation, message, errorCode);
  if (operation.kind === operationKind.get) {
    const revision = Number(message.header("Synod-Revision"));
    const version = versionOf(revision, message.payload.slice());
    return { result: { kind: operationKind.get, version }, rest: undefined };
  }
  return resultOf(operation, documentOf(message));
}

/** NATS answers in place of nodes, with a status (503) and nothing else. */
function saysNobodyListens(message: InboundMessage): boolean {
  return (
    message.payload.length === 0 &&
    message.headers === "some" &&
    message.header("Nats-Service-Error-Code") === undefined &&
    message.header("Synod-Revision") === undefined
  );
}

function failureOf(
  operation: WriteRequest | ReadRequest,
  message: InboundMessage,
  errorCode: string,
): RawOutcome | SynodError {
  const { error } = documentOf(message);
  if (error === undefined || !isErrorCode(error.code)) {
    throw new Violation("raw answers are well-formed", `error ${errorCode} without a known code`);
  }
  const { code, message: text, outcome, retryable, revision = 0 } = error;
  if (code === "KEY_NOT_FOUND") {
    return { result: { kind: operationKind.get, version: undefined }, rest: undefined };
  }
  if (code === "CONFLICT") {
    const key = "key" in operation ? operation.key : "";
    const details = { bucket, key, expectedRevision: undefined, actualRevision: revision };
    return new ConflictError(text, details);
  }
  return new SynodError(code, text, { outcome, retryable });
}

function resultOf(operation: WriteRequest | ReadRequest, document: Document): RawOutcome {
  const { revision, existed = false, value = 0, results = [], entries = [], cursor } = document;
  switch (operation.kind) {
    case operationKind.put:
      return { result: revision, rest: undefined };
    case operationKind.delete:
      return { result: { kind: operation.kind, revision, existed }, rest: undefined };
    case operationKind.increment:
      return { result: { kind: operation.kind, revision, value }, rest: undefined };
    case operationKind.transaction: {
      const told = operation.operations.map((part, at): OperationResult => {
        const { existed: found = false, value: sum = 0 } = results[at] ?? {};
        if (part.kind === operationKind.put) return revision;
        if (part.kind === operationKind.delete)
          return { kind: part.kind, revision, existed: found };
        if (part.kind === operationKind.get) return { kind: part.kind, version: undefined };
        return { kind: part.kind, revision, value: sum };
      });
      return { result: { kind: operation.kind, revision, results: told }, rest: undefined };
    }
    default: {
      const rows = entries.map((entry) => ({
        key: bucket + entry.key,
        version: versionOf(entry.revision, Buffer.from(entry.value ?? "")),
      }));
      const rest = cursor === undefined ? undefined : boundOf(cursor);
      return { result: { kind: operationKind.range, rows, cursor: undefined }, rest };
    }
  }
}

function documentOf({ subject, payload }: InboundMessage): Document {
  try {
    return JSON.parse(Buffer.from(payload).toString()) as Document;
  } catch {
    throw new Violation("raw answers are well-formed", `${subject}: ${payload.length} bytes`);
  }
}

function transactionOf({ checks, operations }: Transaction): object {
  return {
    checks: checks.map((check) => {
      if (check.kind === checkKind.unchanged) throw new Error("not drawn for raw requests");
      const key = nameOf(check.key);
      return check.kind === checkKind.exists
        ? { key, exists: true }
        : { key, revision: check.revision };
    }),
    ops: operations.map((operation) => {
      const key = nameOf(operation.key);
      if (operation.kind === operationKind.increment) {
        return { op: "increment", key, delta: operation.delta };
      }
      if (operation.kind !== operationKind.put) throw new Error("not drawn for raw requests");
      const value = Buffer.from(operation.source).toString();
      return { op: "put", key, value, ttlMs: operation.ttlMs };
    }),
  };
}

function expectationOf({ expectation }: Pick<Put, "expectation">): Record<string, string> {
  if (expectation === expectNothing) return {};
  return { "Nats-Expected-Last-Subject-Sequence": String(expectation) };
}

function ttlOf({ ttlMs }: Put): Record<string, string> {
  return ttlMs === 0 ? {} : { "Nats-TTL": `${ttlMs}ms` };
}

function nameOf(key: InternalKey): string {
  return key.slice(bucket.length);
}

function json(document: object): Uint8Array {
  return Buffer.from(JSON.stringify(document));
}

function boundOf(cursor: string): InternalKey {
  const bound = Buffer.from(cursor, "base64url").toString("latin1");
  if (cursorOf(bound) === cursor) return bound;
  throw new Violation("raw answers are well-formed", `cursor ${cursor}`);
}

function versionOf(revision: number, source: Uint8Array): Version {
  const window = { source, start: 0, end: source.length };
  return { revision, kind: versionKind.put, expiresAt: 0, ...window };
}

/** The answers to raw requests: values as they are, everything else as JSON, or as msgpack maps with the same fields. */
import { Packr } from "msgpackr";
import { operationKind } from "../../../kv/commands/operation.ts";
import {
  isFailure,
  type OperationFailure,
  type OperationResult,
  type RangeResult,
  type TransactionResult,
} from "../../../kv/commands/result.ts";
import { bucketSeparator, keyAfter } from "../../../kv/internal-key.ts";
import { wallMsOf, type Revision } from "../../../kv/revision.ts";
import type { Cell, InternalKey } from "../../../kv/state-reader.ts";
import type { Version } from "../../../kv/version.ts";
import { timeText } from "../../clock/time-text.ts";
import { errorTable, type ErrorCode, type Outcome } from "../../errors/error-table.ts";
import { serviceCodeOf } from "../../errors/service-code.ts";
import { bytesOf } from "../key-text.ts";
import { msgpackType, requestHeader } from "./raw-headers.ts";
import { cursorOf } from "./raw-range.ts";

export interface RawAnswer {
  readonly body: Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface RawError {
  readonly code: ErrorCode;
  readonly message: string;
  readonly outcome: Outcome;
  readonly retryable?: boolean;
  /** With `CONFLICT`: the revision the key has, 0 = there is no such key. */
  readonly revision?: Revision;
}

const answerHeader = {
  revision: "Synod-Revision",
  created: "Synod-Created",
  expires: "Synod-Expires",
  errorCode: "Nats-Service-Error-Code",
  error: "Nats-Service-Error",
} as const;

const packr = new Packr({ useRecords: false, int64AsType: "number" });
const packedHeaders = { [requestHeader.contentType]: msgpackType };
const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Of a put. */
export function revisionAnswer(revision: Revision): RawAnswer {
  return { body: Buffer.from(`{"revision":${revision}}`, "latin1") };
}

export function deleteAnswer(revision: Revision, existed: boolean): RawAnswer {
  return { body: Buffer.from(`{"revision":${revision},"existed":${existed}}`) };
}

export function incrementAnswer(revision: Revision, value: number): RawAnswer {
  return { body: Buffer.from(`{"revision":${revision},"value":${value}}`) };
}

export function valueAnswer({ revision, expiresAt, source, start, end }: Version): RawAnswer {
  const headers: Record<string, string> = {
    [answerHeader.revision]: String(revision),
    [answerHeader.created]: timeOf(revision),
  };
  if (expiresAt !== 0) headers[answerHeader.expires] = timeOf(expiresAt);
  // A copy: the value is lent, and what is published waits for the end of the turn.
  return { body: new Uint8Array(source.subarray(start, end)), headers };
}

export function errorAnswer(
  { code, message, outcome, revision, retryable = errorTable[code].retryable }: RawError,
  isPacked: boolean,
): RawAnswer {
  const error = { code, message, retryable, outcome };
  const body = { error: revision === undefined ? error : { ...error, revision } };
  const shown = `${code}: ${message}`.replaceAll(/[^ -~]/g, "?");
  const { body: bytes, headers } = documentAnswer(body, isPacked);
  return {
    body: bytes,
    headers: {
      ...headers,
      [answerHeader.errorCode]: String(serviceCodeOf(code)),
      [answerHeader.error]: shown.slice(0, 1024),
    },
  };
}

/** `bytesMax` bounds the whole answer; undefined when it does not fit. */
export function transactionAnswer(
  { revision, results }: TransactionResult,
  isPacked: boolean,
  bytesMax: number,
): RawAnswer | undefined {
  const shown = results.map((result) => outcomeOf(result, isPacked));
  const answer = documentAnswer({ revision, results: shown }, isPacked);
  return answer.body.length <= bytesMax ? answer : undefined;
}

/** Where the answering group's part of a range ends; undefined = at the end of the range. */
export interface RangePart {
  readonly reverse: boolean;
  readonly keysOnly: boolean;
  /** What the range goes on with in another group: its first key, or, in reverse, what its last key lies before. */
  readonly rest: InternalKey | undefined;
}

/** A page ends early where the next row would not fit into the answer. */
export function rangeAnswer(
  { rows, cursor }: RangeResult,
  { reverse, keysOnly, rest }: RangePart,
  isPacked: boolean,
  bytesMax: number,
): RawAnswer {
  const entries: object[] = [];
  const texts: string[] = [];
  // The cursor and what surrounds the rows.
  let bytesLeft = bytesMax - 4096;
  let next = cursor === undefined ? rest : behind(cursor, reverse);
  for (const [at, row] of rows.entries()) {
    const entry = rowOf(row, keysOnly, isPacked, at === 0 ? bytesLeft : Infinity);
    const text = isPacked ? "" : JSON.stringify(entry);
    const bytes = isPacked ? packedBytes(row) : Buffer.byteLength(text) + 1;
    if (bytes > bytesLeft && at > 0) {
      next = behind((rows[at - 1] as Cell).key, reverse);
      break;
    }
    bytesLeft -= bytes;
    if (isPacked) entries.push(entry);
    else texts.push(text);
  }
  if (isPacked) {
    return documentAnswer(
      next === undefined ? { entries } : { entries, cursor: cursorOf(next) },
      isPacked,
    );
  }
  const tail = next === undefined ? "" : `,"cursor":"${cursorOf(next)}"`;
  return { body: Buffer.from(`{"entries":[${texts.join(",")}]${tail}}`) };
}

/** What to say of an operation that failed in the log. */
export function errorOf(failure: OperationFailure, checks: number): RawError {
  const { code, revision, position } = failure;
  const where =
    position < 0
      ? ""
      : position < checks
        ? `checks[${position}] of the transaction: `
        : `ops[${position - checks}] of the transaction: `;
  const error = { code, outcome: errorTable[code].outcome };
  if (code !== "CONFLICT") return { ...error, message: where + (meanings[code] ?? code) };
  const actual = revision === 0 ? "there is no such key" : `the key's revision is ${revision}`;
  return { ...error, message: `${where}${actual}, which is not what was expected`, revision };
}

const meanings: { readonly [Code in ErrorCode]?: string } = {
  NOT_A_NUMBER: "the key holds no integer, or the sum would be none of 53 bits",
  WRONG_REGION: "the key's region has moved to another store group",
  FRAME_TOO_LARGE: "the answer does not fit into one message",
  TRANSACTION_TOO_LARGE: "the transaction, or a range it checks, is too large",
  VALUE_TOO_LARGE: "the value is too large",
  TOO_OLD: "what was written since that revision is no longer known",
  OVERLOADED: "too many keys would have to be looked at",
};

function documentAnswer(document: object, isPacked: boolean): RawAnswer {
  if (!isPacked) return { body: Buffer.from(JSON.stringify(document)) };
  return { body: Buffer.from(packr.pack(withWideIntegers(document))), headers: packedHeaders };
}

function outcomeOf(result: OperationResult, isPacked: boolean): object {
  if (typeof result === "number") return { op: "put" };
  if (isFailure(result)) return { op: "failed", code: result.code };
  if (result.kind === operationKind.delete) return { op: "delete", existed: result.existed };
  if (result.kind === operationKind.increment) return { op: "increment", value: result.value };
  if (result.kind !== operationKind.get) return {};
  const { version } = result;
  return {
    op: "get",
    entry: version === undefined ? null : valueFields(version, isPacked, Infinity),
  };
}

function rowOf({ key, version }: Cell, keysOnly: boolean, isPacked: boolean, bytesMax: number) {
  const name = bytesOf(key.slice(key.indexOf(bucketSeparator) + 1));
  const fields = keysOnly ? metaOf(version) : valueFields(version, isPacked, bytesMax);
  return { ...named("key", name, isPacked), ...fields };
}

/** At most: names, times and numbers take no more than the constant. */
function packedBytes({ key, version }: Cell): number {
  return key.length + version.end - version.start + 160;
}

function valueFields(version: Version, isPacked: boolean, bytesMax: number): object {
  const value = version.source.subarray(version.start, version.end);
  const fields = { ...named("value", value, isPacked), ...metaOf(version) };
  // Control characters take six bytes each in JSON; base64 never takes more than four for three.
  const isTooLong =
    !isPacked && bytesMax < Infinity && Buffer.byteLength(JSON.stringify(fields)) > bytesMax;
  return isTooLong ? { valueBase64: base64(value), ...metaOf(version) } : fields;
}

function metaOf({ revision, expiresAt }: Version): object {
  const created = timeOf(revision);
  if (expiresAt === 0) return { revision, created };
  return { revision, created, expires: timeOf(expiresAt) };
}

function named(name: string, bytes: Uint8Array, isPacked: boolean): object {
  if (isPacked) return { [name]: bytes };
  try {
    return { [name]: utf8.decode(bytes) };
  } catch {
    return { [`${name}Base64`]: base64(bytes) };
  }
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("base64");
}

/** Where a range goes on that was read through this key. */
function behind(key: InternalKey, reverse: boolean): InternalKey {
  return reverse ? key : keyAfter(key);
}

function timeOf(revision: Revision): string {
  return timeText(wallMsOf(revision));
}

/** msgpack of other languages reads integers above 2^32 as integers only when they are written as such. */
function withWideIntegers(value: unknown): unknown {
  if (typeof value === "number" && Math.abs(value) > 0xffff_ffff) return BigInt(value);
  if (Array.isArray(value)) return value.map(withWideIntegers);
  if (typeof value !== "object" || value === null || value instanceof Uint8Array) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, field]) => [name, withWideIntegers(field)]),
  );
}

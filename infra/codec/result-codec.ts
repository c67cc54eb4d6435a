/** Results of operations as bytes: in replies, and with the sessions of a checkpoint. */
import { operationKind, type ChangesCursor } from "../../kv/commands/operation.ts";
import {
  failure,
  type ChangesResult,
  type OperationResult,
  type RangeResult,
} from "../../kv/commands/result.ts";
import { refusalCodes, type RefusalCode } from "../../kv/refusal.ts";
import type { Cell } from "../../kv/state-reader.ts";
import { versionKind, type Version, type VersionKind } from "../../kv/version.ts";
import { malformed } from "./malformed.ts";
import type { MsgpackReader } from "./msgpack-reader.ts";
import type { MsgpackWriter } from "./msgpack-writer.ts";

export function writeResults(writer: MsgpackWriter, results: readonly OperationResult[]): void {
  writer.array(results.length);
  for (const result of results) writeResult(writer, result);
}

export function writeResult(writer: MsgpackWriter, result: OperationResult): void {
  if (typeof result === "number") return writer.integer(result);
  const { kind } = result;
  if (kind === 0) {
    writer.array(3);
    writer.text(result.code);
    writer.integer(result.revision);
    return writer.integer(result.position);
  }
  if (kind === operationKind.get) return writeGet(writer, result.version);
  if (kind === operationKind.range) return writeRange(writer, result);
  if (kind === operationKind.changes) return writeChanges(writer, result);
  writer.array(kind === operationKind.deleteRange ? 4 : 3);
  writer.integer(kind);
  writer.integer(result.revision);
  if (kind === operationKind.transaction) return writeResults(writer, result.results);
  if (kind === operationKind.delete) return writer.boolean(result.existed);
  if (kind === operationKind.increment) return writer.integer(result.value);
  writer.integer(result.deleted);
  writeCursor(writer, result.cursor);
}

function writeGet(writer: MsgpackWriter, version: Version | undefined): void {
  if (version === undefined) return writer.nil();
  const isTombstone = version.kind === versionKind.tombstone;
  writer.array(isTombstone ? 5 : 4);
  writer.integer(operationKind.get);
  writer.integer(version.revision);
  writer.integer(version.expiresAt);
  writer.bytes(version.source, version.start, version.end);
  if (isTombstone) writer.integer(versionKind.tombstone);
}

function writeChanges(writer: MsgpackWriter, { rows, cursor }: ChangesResult): void {
  writer.array(3);
  writer.integer(operationKind.changes);
  if (cursor === undefined) {
    writer.nil();
  } else {
    writer.array(2);
    writer.byteString(cursor.key);
    writer.integer(cursor.below);
  }
  writer.array(5 * rows.length);
  for (const { key, version } of rows) {
    writer.byteString(key);
    writer.integer(version.revision);
    writer.integer(version.expiresAt);
    writer.integer(version.kind);
    writeValue(writer, version);
  }
}

function writeRange(writer: MsgpackWriter, { rows, cursor }: RangeResult): void {
  writer.array(3);
  writer.integer(operationKind.range);
  writeCursor(writer, cursor);
  writer.array(4 * rows.length);
  for (const { key, version } of rows) {
    writer.byteString(key);
    writer.integer(version.revision);
    writer.integer(version.expiresAt);
    writeValue(writer, version);
  }
}

/** Its length alone where it was left out. */
function writeValue(writer: MsgpackWriter, { source, start, end, bytesLeftOut }: Version): void {
  if (bytesLeftOut === undefined) writer.bytes(source, start, end);
  else writer.integer(bytesLeftOut);
}

function writeCursor(writer: MsgpackWriter, cursor: string | undefined): void {
  if (cursor === undefined) writer.nil();
  else writer.byteString(cursor);
}

/** Values in the results are windows onto `source`, which is what the reader reads. Throws `MalformedBytes`. */
export function readResults(reader: MsgpackReader, source: Uint8Array): OperationResult[] {
  return readNested(reader, source, false);
}

function readNested(reader: MsgpackReader, source: Uint8Array, inner: boolean): OperationResult[] {
  const count = reader.arrayLength();
  const results: OperationResult[] = [];
  for (let at = 0; at < count; at++) {
    results.push(reader.atArray ? readResult(reader, source, inner) : readPlain(reader));
  }
  return results;
}

function readPlain(reader: MsgpackReader): OperationResult {
  return reader.skipNil() ? { kind: operationKind.get, version: undefined } : reader.unsigned();
}

function readResult(reader: MsgpackReader, source: Uint8Array, inner: boolean): OperationResult {
  const length = reader.arrayLength();
  if (reader.atBytes) {
    requireLength(length, 3);
    const code = readRefusalCode(reader);
    const revision = reader.unsigned();
    return failure(code, reader.integer(), revision);
  }
  const kind = reader.integer();
  if (kind === operationKind.get) return readGet(reader, source, length);
  requireLength(length, kind === operationKind.deleteRange ? 4 : 3);
  if (kind === operationKind.range) return readRange(reader, source);
  if (kind === operationKind.changes) return readChanges(reader, source);
  const revision = reader.unsigned();
  if (kind === operationKind.delete) return { kind, revision, existed: reader.boolean() };
  if (kind === operationKind.increment) return { kind, revision, value: reader.integer() };
  if (kind === operationKind.deleteRange) {
    return { kind, revision, deleted: reader.unsigned(), cursor: readCursor(reader) };
  }
  // One level only: nothing nests transactions, and a decoder must not follow bytes down without end.
  if (kind !== operationKind.transaction || inner) throw malformed(`result ${kind}`);
  return { kind, revision, results: readNested(reader, source, true) };
}

function requireLength(length: number, wanted: number): void {
  if (length !== wanted) throw malformed(`a result of ${length} elements`);
}

function readRange(reader: MsgpackReader, source: Uint8Array): RangeResult {
  const cursor = readCursor(reader);
  const elements = reader.arrayLength();
  if (elements % 4 !== 0) throw malformed(`rows of ${elements} elements`);
  const rows: Cell[] = [];
  for (let at = 0; at < elements; at += 4) {
    reader.window();
    const key = reader.windowBytes();
    const revision = reader.unsigned();
    const expiresAt = reader.unsigned();
    rows.push({ key, version: readValue(reader, source, revision, expiresAt, versionKind.put) });
  }
  return { kind: operationKind.range, rows, cursor };
}

function readGet(reader: MsgpackReader, source: Uint8Array, length: number): OperationResult {
  if (length !== 5) requireLength(length, 4);
  const revision = reader.unsigned();
  const expiresAt = reader.unsigned();
  reader.window();
  const { windowStart: start, windowEnd: end } = reader;
  const kind = length === 5 ? readVersionKind(reader) : versionKind.put;
  return { kind: operationKind.get, version: { revision, kind, expiresAt, source, start, end } };
}

function readChanges(reader: MsgpackReader, source: Uint8Array): ChangesResult {
  const cursor = readChangesCursor(reader);
  const elements = reader.arrayLength();
  if (elements % 5 !== 0) throw malformed(`changes of ${elements} elements`);
  const rows: Cell[] = [];
  for (let at = 0; at < elements; at += 5) {
    reader.window();
    const key = reader.windowBytes();
    const revision = reader.unsigned();
    const expiresAt = reader.unsigned();
    const kind = readVersionKind(reader);
    rows.push({ key, version: readValue(reader, source, revision, expiresAt, kind) });
  }
  return { kind: operationKind.changes, rows, cursor };
}

function readChangesCursor(reader: MsgpackReader): ChangesCursor | undefined {
  if (reader.skipNil()) return undefined;
  requireLength(reader.arrayLength(), 2);
  reader.window();
  return { key: reader.windowBytes(), below: reader.unsigned() };
}

function readVersionKind(reader: MsgpackReader): VersionKind {
  const kind = reader.unsigned();
  if (kind !== versionKind.put && kind !== versionKind.tombstone) throw malformed(`kind ${kind}`);
  return kind;
}

/** A number in the value's place says how long one is that was left out. */
function readValue(
  reader: MsgpackReader,
  source: Uint8Array,
  revision: number,
  expiresAt: number,
  kind: VersionKind,
): Version {
  if (!reader.atBytes) {
    const bytesLeftOut = reader.unsigned();
    return { revision, kind, expiresAt, source: noBytes, start: 0, end: 0, bytesLeftOut };
  }
  reader.window();
  const { windowStart: start, windowEnd: end } = reader;
  return { revision, kind, expiresAt, source, start, end };
}

const noBytes = new Uint8Array(0);

function readCursor(reader: MsgpackReader): string | undefined {
  if (reader.skipNil()) return undefined;
  reader.window();
  return reader.windowBytes();
}

function readRefusalCode(reader: MsgpackReader): RefusalCode {
  const text = reader.text(64);
  const code = refusalCodes.find((known) => known === text);
  if (code === undefined) throw malformed(`unknown code ${text}`);
  return code;
}

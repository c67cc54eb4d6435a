/** The body of `range`: which keys of the bucket, and where to go on. */
import { operationKind, type Range } from "../../../kv/commands/operation.ts";
import { bucketSeparator } from "../../../kv/internal-key.ts";
import { boundBytesMax, keyBytesMax } from "../../../kv/limits.ts";
import { newest } from "../../../kv/revision.ts";
import type { InternalKey } from "../../../kv/state-reader.ts";
import { prefixEnd } from "../key-text.ts";
import { DocumentReader, type FieldTypes } from "./raw-document.ts";

const fields: FieldTypes = {
  start: "text",
  end: "text",
  prefix: "text",
  limit: "whole",
  reverse: "boolean",
  keysOnly: "boolean",
  cursor: "text",
};

const example = `{"prefix":"config.","limit":100}`;

/** A range inside one bucket, which has an end. */
export interface BucketRange extends Range {
  readonly end: InternalKey;
}

/** Throws `BAD_REQUEST`. */
export function readRange(bucket: string, body: Uint8Array, isPacked: boolean): BucketRange {
  const reader = new DocumentReader(isPacked);
  const document = reader.read(body, fields);
  const inBucket = bucket + bucketSeparator;
  const bucketEnd = prefixEnd(inBucket) ?? inBucket;
  const bound = (name: string): string | undefined => {
    const text = reader.text(document, name);
    if (text !== undefined && text.length > keyBytesMax + 1) reader.note(`${name} is too long`);
    return text;
  };
  const prefix = bound("prefix");
  const own = { start: bound("start"), end: bound("end") };
  if (prefix !== undefined && (own.start !== undefined || own.end !== undefined)) {
    reader.note("prefix goes without start and end");
  }
  const reverse = reader.flag(document, "reverse");
  let start = inBucket + (prefix ?? own.start ?? "");
  let end = own.end === undefined ? bucketEnd : inBucket + own.end;
  if (prefix !== undefined) end = prefixEnd(inBucket + prefix) ?? bucketEnd;
  const cursor = reader.text(document, "cursor");
  if (cursor !== undefined) {
    const bound = boundOfCursor(cursor);
    if (bound === undefined || bound < start || bound > end) {
      reader.note("cursor is none that this range was answered with");
    } else if (reverse) end = bound;
    else start = bound;
  }
  reader.finish("range", example);
  const limit = reader.number(document, "limit") ?? 0;
  const keysOnly = reader.flag(document, "keysOnly");
  const { range: kind } = operationKind;
  return { kind, start, end, limit, reverse, keysOnly, at: newest, cursor: undefined };
}

/** A bound as the next page's request carries it: its first key, or, in reverse, what its last key lies before. */
export function cursorOf(bound: InternalKey): string {
  return Buffer.from(bound, "latin1").toString("base64url");
}

function boundOfCursor(cursor: string): InternalKey | undefined {
  const bound = Buffer.from(cursor, "base64url");
  return bound.length <= boundBytesMax && bound.toString("base64url") === cursor
    ? bound.toString("latin1")
    : undefined;
}

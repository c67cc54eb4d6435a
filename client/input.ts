/** What callers pass in, as the store takes it. Whatever is wrong in itself is refused here, before anything is sent. */
import { byteStringOf } from "../infra/codec/key-text.ts";
import { SynodError } from "../infra/errors/synod-error.ts";
import {
  expectNothing,
  operationKind,
  type Delete,
  type Expectation,
  type Get,
  type Increment,
  type Put,
} from "../kv/commands/operation.ts";
import { keyBytesMax, valueBytesMax } from "../kv/limits.ts";
import { newest, type Revision } from "../kv/revision.ts";
import type { InternalKey } from "../kv/state-reader.ts";
import { isPattern } from "./key-pattern.ts";
import { badRequest, wholeNumber } from "./options.ts";

/** Text, which stands for its UTF-8 bytes, or any bytes: 1 to 1,024 of them. */
export type Key = string | Uint8Array;
/** Text, which stands for its UTF-8 bytes, or any bytes: at most 512 KiB. */
export type Value = string | Uint8Array;

/**
 * `prefix` is the bucket's. Throws `BAD_KEY`, also for text that is read as a pattern where patterns are allowed: whatever
 * is put by its text can be deleted by its text, and nothing else with it.
 */
export function keyIn(prefix: InternalKey, key: Key): InternalKey {
  const bytes = keyBytes(key);
  if (typeof key === "string" && isPattern(key)) {
    throw new SynodError("BAD_KEY", `${JSON.stringify(key)} is a pattern`, {
      nextStep: "Name one key; a key that looks like a pattern is given as a Uint8Array.",
    });
  }
  if (bytes.length > 0 && bytes.length <= keyBytesMax) return prefix + bytes;
  throw new SynodError("BAD_KEY", `a key of ${bytes.length} bytes in bucket ${bucketOf(prefix)}`);
}

/** A bound of a range: any text or bytes that a key could have, or nothing. */
export function boundIn(prefix: InternalKey, name: string, bound: Key): InternalKey {
  const bytes = keyBytes(bound);
  if (bytes.length <= keyBytesMax + 1) return prefix + bytes;
  throw new SynodError("BAD_KEY", `${name} has ${bytes.length} bytes, more than any key`);
}

export function bucketOf(prefix: InternalKey): string {
  return prefix.slice(0, -1);
}

function keyBytes(key: Key): string {
  if (typeof key !== "string" && !(key instanceof Uint8Array)) {
    throw new SynodError("BAD_KEY", `a key is a string or a Uint8Array, not ${kindOf(key)}`);
  }
  const bytes = byteStringOf(key);
  // Text with half of a surrogate pair has no UTF-8: it would become another key.
  if (bytes !== key && typeof key === "string" && loneSurrogate.test(key)) {
    throw new SynodError("BAD_KEY", `the key ${JSON.stringify(key)} is no well-formed text`, {
      nextStep: "Use text without halves of surrogate pairs, or a Uint8Array.",
    });
  }
  return bytes;
}

const loneSurrogate = /\p{Cs}/u;

/** A copy: the caller may go on using the array. Throws `VALUE_TOO_LARGE`, and `BAD_REQUEST` for text that has no UTF-8. */
export function valueBytes(value: Value): Uint8Array {
  let bytes: Uint8Array;
  if (typeof value === "string") {
    bytes = Buffer.from(value, "utf8");
    if (bytes.length !== value.length && loneSurrogate.test(value)) {
      throw badRequest("the value is no well-formed text: it has half of a surrogate pair");
    }
  } else if (value instanceof Uint8Array) bytes = value;
  else throw badRequest(`a value is a string or a Uint8Array, not ${kindOf(value)}`);
  if (bytes.length > valueBytesMax) {
    throw new SynodError("VALUE_TOO_LARGE", `a value of ${bytes.length} bytes`);
  }
  return bytes === value ? Buffer.from(bytes) : bytes;
}

export function putOf(
  key: InternalKey,
  value: Value,
  ttlMs: number,
  expectation: Expectation,
): Put {
  const source = valueBytes(value);
  return {
    kind: operationKind.put,
    key,
    source,
    start: 0,
    end: source.length,
    ttlMs,
    expectation,
  };
}

export function deleteOf(key: InternalKey, expectation: Expectation, purge = false): Delete {
  return { kind: operationKind.delete, key, expectation, purge };
}

export function incrementOf(key: InternalKey, delta: number): Increment {
  if (!Number.isSafeInteger(delta)) throw badRequest(`delta ${String(delta)} is no safe integer`);
  return { kind: operationKind.increment, key, delta };
}

/** `revision` 0 = the newest. `tombstoneToo`: a key that was deleted is answered with the marker that says so. */
export function getOf(key: InternalKey, revision: Revision = 0, tombstoneToo = false): Get {
  return { kind: operationKind.get, key, at: revision === 0 ? newest : revision, tombstoneToo };
}

export function expectationOf(previousRevision: Revision | undefined): Expectation {
  if (previousRevision === undefined) return expectNothing;
  return wholeNumber("previousRevision", previousRevision, 0);
}

function kindOf(value: unknown): string {
  return value === null ? "null" : typeof value;
}

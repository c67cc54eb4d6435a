/** A key with its value, as users get it. */
import { bytesOf, splitInternalKey } from "../infra/codec/key-text.ts";
import type { Revision } from "../kv/revision.ts";
import { wallMsOf } from "../kv/revision.ts";
import type { InternalKey } from "../kv/state-reader.ts";
import type { Version } from "../kv/version.ts";

const decoder = new TextDecoder();

/** One key's value at one revision. The same names as the `KvEntry` of `@nats-io/kv`. */
export class Entry {
  readonly bucket: string;
  /** The key as text; a key that is no UTF-8 is in `keyBytes`. */
  readonly key: string;
  /** The caller's to keep. Empty where only keys were asked for. */
  readonly value: Uint8Array;
  /** The write's revision: a whole number that grows with every write in a store group. */
  readonly revision: Revision;
  /** `DEL` is for watches, which tell of keys that are gone. Reads answer `null` instead. */
  readonly operation: "PUT" | "DEL" = "PUT";
  readonly #internalKey: InternalKey;
  readonly #expiresAt: Revision;

  /** @internal */
  constructor(
    internalKey: InternalKey,
    value: Uint8Array,
    revision: Revision,
    expiresAt: Revision,
  ) {
    const { bucket, key } = splitInternalKey(internalKey);
    this.bucket = bucket;
    this.key = key;
    this.value = value;
    this.revision = revision;
    this.#internalKey = internalKey;
    this.#expiresAt = expiresAt;
  }

  get keyBytes(): Uint8Array {
    return new Uint8Array(bytesOf(this.#internalKey.slice(this.bucket.length + 1)));
  }

  /** When it was written, by the clock of its store group, to the millisecond. */
  get created(): Date {
    return new Date(wallMsOf(this.revision));
  }

  /** From when on it is removed; undefined = it stays. */
  get expires(): Date | undefined {
    return this.#expiresAt === 0 ? undefined : new Date(wallMsOf(this.#expiresAt));
  }

  /** Bytes of the value. */
  get length(): number {
    return this.value.length;
  }

  /** The value as UTF-8 text. */
  string(): string {
    return decoder.decode(this.value);
  }

  /** The value parsed as JSON. Throws `SyntaxError` when it is none. */
  // oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- as in `KvEntry`
  json<Json>(): Json {
    return JSON.parse(this.string()) as Json;
  }
}

/** Copies the value out of the message it came in. */
export function entryOf(key: InternalKey, version: Version): Entry {
  const { source, start, end, revision, expiresAt } = version;
  // Never a Buffer, whose methods behave differently, wherever the message came from.
  const value = new Uint8Array(end - start);
  value.set(source.subarray(start, end));
  return new Entry(key, value, revision, expiresAt);
}

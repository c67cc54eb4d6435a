/** A key with its value, as users get it. */
import { bytesOf, splitInternalKey } from "../infra/codec/key-text.ts";
import type { Revision } from "../kv/revision.ts";
import { wallMsOf } from "../kv/revision.ts";
import type { InternalKey } from "../kv/state-reader.ts";
import { tombstoneReason, versionKind, type Version } from "../kv/version.ts";
import { decodedKey, type Codecs } from "./codecs.ts";
import { ValueCopies } from "./value-copies.ts";

const decoder = new TextDecoder();

/**
 * What an entry tells of: `PUT` that the key has this value, `DEL` that it was deleted, `PURGE` that it was purged or
 * has expired. The names are those of `@nats-io/kv`.
 */
export type EntryOperation = "PUT" | "DEL" | "PURGE";

/** What most entries have in common, and some have not. */
export interface EntryDetails {
  readonly operation?: EntryOperation;
  /** What the codecs make of key and value. */
  readonly decoded?: { readonly key: string; readonly value: Uint8Array };
  /** Bytes of a value that was left out. */
  readonly length?: number;
  /** How many entries come behind it. */
  readonly delta?: number;
}

const noDetails: EntryDetails = {};

/** One key's value at one revision. The same names as the `KvEntry` of `@nats-io/kv`. */
export class Entry {
  /** The name of its bucket. */
  readonly bucket: string;
  /** The key as text, decoded if the bucket has a codec; a key that is no UTF-8 is in `keyBytes`. */
  readonly key: string;
  /**
   * The caller's to keep. Empty where only keys were asked for, and where the key was deleted. Small values lie together
   * in larger buffers, as Node's own do: `value.buffer` is not the value alone.
   */
  readonly value: Uint8Array;
  /** The write's revision: a whole number that grows with every write in a store group. */
  readonly revision: Revision;
  /** `PUT` for a key that exists. Only `get`, `watch` and `history` tell of keys that are gone. */
  readonly operation: EntryOperation;
  /** How many entries come behind this one of what is there already: in `history` and `watch`. 0 elsewhere. */
  readonly delta: number;
  /** Bytes of the value as it is stored. */
  readonly length: number;
  readonly #internalKey: InternalKey;
  readonly #expiresAt: Revision;

  /** @internal */
  constructor(
    internalKey: InternalKey,
    value: Uint8Array,
    revision: Revision,
    expiresAt: Revision,
    { operation = "PUT", decoded, length = value.length, delta = 0 }: EntryDetails = noDetails,
  ) {
    const { bucket, key } = splitInternalKey(internalKey);
    this.bucket = bucket;
    this.key = decoded?.key ?? key;
    this.value = decoded?.value ?? value;
    this.revision = revision;
    this.operation = operation;
    this.length = length;
    this.delta = delta;
    this.#internalKey = internalKey;
    this.#expiresAt = expiresAt;
  }

  /** The key's bytes as they are stored. */
  get keyBytes(): Uint8Array {
    return new Uint8Array(bytesOf(this.#internalKey.slice(this.bucket.length + 1)));
  }

  /** The key as it is stored, as text: what a codec made of it. */
  get rawKey(): string {
    return splitInternalKey(this.#internalKey).key;
  }

  /** When it was written, by the clock of its store group, to the millisecond. */
  get created(): Date {
    return new Date(wallMsOf(this.revision));
  }

  /** From when on it is removed; undefined = it stays. */
  get expires(): Date | undefined {
    return this.#expiresAt === 0 ? undefined : new Date(wallMsOf(this.#expiresAt));
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

  /** @internal The same entry as whoever uses these codecs sees it. Throws what a codec throws. */
  decodedBy(codecs: Codecs): Entry {
    const { revision, operation, length, value } = this;
    const details = { operation, length, decoded: this.decodedWith(codecs) };
    return new Entry(this.#internalKey, value, revision, this.#expiresAt, details);
  }

  /** @internal */
  decodedWith(codecs: Codecs): { readonly key: string; readonly value: Uint8Array } {
    const { operation, length, value } = this;
    const isThere = operation === "PUT" && value.length === length;
    const decoded = isThere ? (codecs.value?.decode(value) ?? value) : value;
    return { key: decodedKey(codecs, this.rawKey), value: decoded };
  }
}

/** Copies the value out of the message it came in. `answer` stands for that message where more of it will be asked for. */
export function entryOf(key: InternalKey, version: Version, answer?: object): Entry {
  const { source, start, end, revision, expiresAt, kind, bytesLeftOut } = version;
  const value = copies.of(source, start, end, answer);
  if (kind === versionKind.tombstone) {
    const operation = expiresAt === tombstoneReason.deleted ? "DEL" : "PURGE";
    return new Entry(key, value, revision, 0, { operation });
  }
  const details = bytesLeftOut === undefined ? undefined : { length: bytesLeftOut };
  return new Entry(key, value, revision, expiresAt, details);
}

const copies = new ValueCopies();

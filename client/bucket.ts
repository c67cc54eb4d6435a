/** A bucket: a name in front of its keys, and every operation on them. */
import { bucketPrefix, splitInternalKey } from "../infra/codec/key-text.ts";
import type { SynodError } from "../infra/errors/synod-error.ts";
import { absent, type Expectation } from "../kv/commands/operation.ts";
import type {
  DeleteResult as DecidedDelete,
  IncrementResult,
  OperationResult,
} from "../kv/commands/result.ts";
import type { Revision } from "../kv/revision.ts";
import type { InternalKey } from "../kv/state-reader.ts";
import { statusOf, type BucketStatus } from "./bucket-status.ts";
import {
  historyOf,
  watchBucket,
  type HistoryOptions,
  type WatchedBucket,
  type WatchEntry,
  type WatchOptions,
} from "./bucket-watch.ts";
import type { Caller } from "./caller.ts";
import { encodedKey, type Codecs } from "./codecs.ts";
import { deleteMatching } from "./delete-matching.ts";
import { deleteRange, type DeletedRange } from "./delete-range.ts";
import { durationMs } from "./duration.ts";
import type { Entry } from "./entry.ts";
import { getMany, toEntry, toLiveEntry } from "./get-many.ts";
import {
  deleteOf,
  expectationOf,
  getOf,
  incrementOf,
  keyIn,
  putOf,
  type Key,
  type Value,
} from "./input.ts";
import { KeyListing, KeyTexts, storedFilter, type Filter } from "./key-listing.ts";
import { isPattern } from "./key-pattern.ts";
import { Election, type ElectOptions } from "./lock/election.ts";
import type { Lock, LockOptions } from "./lock/lock.ts";
import { lifeOf, takeLock } from "./lock/take-lock.ts";
import {
  badRequest,
  callOptionsOf,
  freshnessOf,
  noOptions,
  previousRevisionOf,
  optionNames,
  requireOptions,
  ttlMsOf,
  wholeNumber,
  type CallOptions,
  type DeleteOptions,
  type GetOptions,
  type PurgeOptions,
  type PutManyOptions,
  type PutOptions,
  type ReadOptions,
  type WriteOptions,
} from "./options.ts";
import { putMany } from "./put-many.ts";
import { QueuedIterator } from "./queued-iterator.ts";
import { boundsIn, RangeScan, type Bounds, type RangeQuery } from "./range-scan.ts";
import type { Watch } from "./watch/watch.ts";

/** What `remove` found. */
export interface Deleted {
  /** The delete's revision; where there was no such key, one as of which that is so. */
  readonly revision: Revision;
  /** Whether there was such a key. */
  readonly existed: boolean;
}

/** How a program sees a bucket. Nothing of it is stored: other objects of the same bucket may have other options. */
export interface BucketOptions {
  /** What is done to keys and values on their way: to encode, compress or encrypt them. Nothing unless given. */
  readonly codec?: Codecs;
  /** Keys written by `put`, `create`, `update` and `putMany` expire after so many milliseconds unless the call says. */
  readonly ttlMs?: number;
}

/**
 * The keys of one bucket. It is a `KV` of `@nats-io/kv` 3.4: the same names, types and results; the rest is beside that.
 * A bucket exists as soon as it is written to, and its object costs nothing: make one wherever it is needed.
 *
 * A write is durable when its promise resolves: a majority of the store group's nodes have it on disk (fsync). It is
 * executed once however often the client has to send it. Every failure is a `SynodError`, whose `outcome` says whether
 * the write may have been executed. Operations issued in one turn of the event loop travel together; their order is
 * not promised unless the earlier one was awaited.
 *
 * Where patterns are allowed (`delete`, `purge`, `keys`, `history`, `watch`), `*` stands for any part of a key between
 * dots, and `>` at the end for one part or more. Elsewhere text that looks so is refused as a key.
 *
 * @example
 * const bucket = synod.bucket("users");
 * const revision = await bucket.put("alice", JSON.stringify({ age: 41 }));
 * const entry = await bucket.get("alice");
 * entry?.json(); // { age: 41 }
 * await bucket.update("alice", JSON.stringify({ age: 42 }), revision);
 */
export class Bucket {
  /** The bucket's name. */
  readonly name: string;
  readonly #caller: Caller;
  readonly #prefix: InternalKey;
  readonly #codecs: Codecs;
  readonly #ttlMs: number;

  /** @internal */
  constructor(caller: Caller, name: string, options: BucketOptions = noOptions) {
    if (typeof name !== "string") throw badRequest("a bucket's name is a string");
    requireOptions(options);
    this.name = name;
    this.#caller = caller;
    this.#prefix = bucketPrefix(name);
    this.#codecs = options.codec ?? noOptions;
    this.#ttlMs = ttlMsOf(options.ttlMs);
  }

  /** Writes the value whatever was there, and answers with the write's revision. Fails with `ConflictError`. */
  put(key: Key, value: Value, options: PutOptions = noOptions): Promise<Revision> {
    try {
      requireOptions(options, optionNames.put);
      const expectation = expectationOf(previousRevisionOf(options));
      return this.#put(key, value, expectation, options.ttlMs, callOptionsOf(options));
    } catch (thrown) {
      return refuse(thrown);
    }
  }

  /**
   * Writes the value if there is no such key, or none any more. Fails with `ConflictError`, which tells the key's
   * revision. A text in place of the options is the time to live: `10s`, `5m`, `1h30m`.
   */
  create(key: Key, value: Value, options: WriteOptions | string = noOptions): Promise<Revision> {
    try {
      if (typeof options === "string") {
        const ttlMs = options === "" ? undefined : durationMs("markerTTL", options);
        return this.#put(key, value, absent, ttlMs, noOptions);
      }
      requireOptions(options, optionNames.write);
      return this.#put(key, value, absent, options.ttlMs, options);
    } catch (thrown) {
      return refuse(thrown);
    }
  }

  /**
   * Writes the value if the key still has that revision. Fails with `ConflictError`, which tells the revision it has. A
   * number in place of the options is `timeoutMs`.
   */
  update(
    key: Key,
    value: Value,
    revision: Revision,
    options: WriteOptions | number = noOptions,
  ): Promise<Revision> {
    try {
      const given = typeof options === "number" ? { timeoutMs: options } : options;
      requireOptions(given, optionNames.write);
      const expectation = wholeNumber("revision", revision, 1);
      return this.#put(key, value, expectation, given.ttlMs, given);
    } catch (thrown) {
      return refuse(thrown);
    }
  }

  /**
   * The key's newest entry. Of a key that was deleted it is the marker that says so, for as long as history is kept
   * (10 minutes unless configured): look at `operation`, or use `find`. Null when there is no such key.
   */
  get(key: Key, options: GetOptions = noOptions): Promise<Entry | null> {
    try {
      requireOptions(options, optionNames.get);
      const { revision = 0 } = options;
      const operation = getOf(this.#keyIn(key), wholeNumber("revision", revision, 0), true);
      const reading = this.#caller.read(operation, freshnessOf(options), options, toEntry);
      return this.#decodedLater(revision === 0 ? reading : writtenAt(revision, reading));
    } catch (thrown) {
      return refuse(thrown);
    }
  }

  /** The key's newest value; null when there is no such key, be it that it was deleted. */
  find(key: Key, options: ReadOptions = noOptions): Promise<Entry | null> {
    try {
      requireOptions(options, optionNames.read);
      const operation = getOf(this.#keyIn(key));
      const reading = this.#caller.read(operation, freshnessOf(options), options, toLiveEntry);
      return this.#decodedLater(reading);
    } catch (thrown) {
      return refuse(thrown);
    }
  }

  /**
   * The newest values, in the order of the keys; null where there is no such key. Those of one store group are answered
   * from one state (as long as the answer fits into one message of 900 KiB); across groups they are not. When some of
   * several groups fail: `PartialFailureError`, whose parts hold what the others answered, in the order of their keys.
   */
  async getMany(keys: Iterable<Key>, options: ReadOptions = noOptions): Promise<(Entry | null)[]> {
    const keyOf = (key: Key): InternalKey => this.#keyIn(key);
    const entries = await getMany(this.#caller, keyOf, keys, options);
    return entries.map((entry) => this.#decoded(entry));
  }

  /**
   * Writes all of the pairs and answers with their revisions, in order. The keys of one store group are written as one
   * transaction, all or nothing, up to 128 keys and 900 KiB; what is more goes into further ones. Across them it is not
   * atomic: when some fail, `PartialFailureError` lists what became of each. No key may be given twice.
   */
  async putMany(
    pairs: Iterable<readonly [key: Key, value: Value]>,
    options: PutManyOptions = noOptions,
  ): Promise<Revision[]> {
    requireOptions(options, optionNames.write);
    const ttlMs = this.#ttlMsOf(options.ttlMs);
    const form = {
      keyOf: (key: Key): InternalKey => this.#keyIn(key),
      valueOf: (value: Value): Value => this.#stored(value),
      ttlMs,
    };
    return putMany(this.#caller, form, pairs, options);
  }

  /**
   * Removes the key, or every key that matches the pattern, one by one. Not finding any is no failure. Fails with
   * `ConflictError` when another revision was expected. `remove` tells what was found.
   */
  async delete(key: Key, options: DeleteOptions = noOptions): Promise<void> {
    requireOptions(options, optionNames.remove);
    await this.#deleteEach(key, options, false);
  }

  /**
   * As `delete`, and the key's older versions are not shown any more, neither by `history` nor by `watch`. They leave the
   * disks when history is forgotten (10 minutes unless configured), as they do after a delete.
   */
  async purge(key: Key, options: PurgeOptions = noOptions): Promise<void> {
    requireOptions(options, optionNames.purge);
    if (options.ttl !== undefined && options.ttl !== "") durationMs("ttl", options.ttl);
    await this.#deleteEach(key, options, true);
  }

  /** Removes one key, and tells whether it was there. Fails with `ConflictError` when another revision was expected. */
  remove(key: Key, options: DeleteOptions = noOptions): Promise<Deleted> {
    try {
      requireOptions(options, optionNames.remove);
      return this.#delete(this.#keyIn(key), options, false);
    } catch (thrown) {
      return refuse(thrown);
    }
  }

  /**
   * Adds to an integer kept as decimal text, and answers with the sum. A key that is not there counts as 0; an expiry
   * stays as it is. Fails with `NOT_A_NUMBER` when the value is no integer or the sum no safe one (2^53).
   */
  increment(key: Key, delta = 1, options: CallOptions = noOptions): Promise<number> {
    try {
      requireOptions(options, optionNames.call);
      const operation = incrementOf(this.#keyIn(key), delta);
      return this.#caller.write(operation, options, toSum);
    } catch (thrown) {
      return refuse(thrown);
    }
  }

  /**
   * The keys of a range in byte order, as an async iterable, page by page, or as one array. See `RangeScan`. Bounds and
   * order are those of the keys as they are stored, whatever a codec makes of them.
   *
   * @example
   * for await (const entry of bucket.range({ prefix: "user:" })) console.log(entry.key, entry.string());
   */
  range(query: RangeQuery = noOptions): RangeScan {
    return new RangeScan(this.#caller, this.#prefix, query, this.#codecs);
  }

  /**
   * Removes every key of a range that is there when its turn comes. Up to 1,000 keys at a time are removed as one atomic
   * unit; the range as a whole is not. When some store groups fail: `PartialFailureError` with what each of them
   * removed. `{}` is the whole bucket.
   */
  deleteRange(bounds: Bounds, options: CallOptions = noOptions): Promise<DeletedRange> {
    try {
      requireOptions(options, optionNames.call);
      return deleteRange(this.#caller, boundsIn(this.#prefix, bounds), options);
    } catch (thrown) {
      return refuse(thrown);
    }
  }

  /**
   * The keys there are, or those that match a key or pattern or any of several, in byte order. They are read as they
   * are asked for, 1,000 at a time, each time as they are then.
   *
   * @example
   * for await (const key of await bucket.keys("user.*.name")) console.log(key);
   */
  async keys(filter?: Filter, options: CallOptions = noOptions): Promise<QueuedIterator<string>> {
    requireOptions(options, optionNames.call);
    return QueuedIterator.begun(new KeyTexts(this.#listing(filter, options), this.#codecs));
  }

  /**
   * What happens to the keys there are, or to those that match a key or pattern or any of several. It begins with the
   * newest entry of every key unless `include` or a place to resume says otherwise; those have `isUpdate` false, and the
   * last of them `delta` 0. Resolves when the store has answered: whatever is written from then on is told. See `Watch`
   * for what it promises.
   *
   * @example
   * for await (const entry of await bucket.watch({ key: "config.>" })) {
   *   console.log(entry.operation, entry.key, entry.string());
   * }
   */
  async watch(options: WatchOptions = noOptions): Promise<Watch<WatchEntry>> {
    requireOptions(options);
    return watchBucket(this.#watched, options);
  }

  /**
   * What happened to the keys there are, or to those that match, as far as it is kept: everything of the last 10 minutes
   * unless configured, the newest entry of what is older. In order of revisions within a store group; it ends by itself.
   *
   * @example
   * for await (const entry of await bucket.history({ key: "config.log" })) {
   *   console.log(entry.created, entry.operation, entry.string());
   * }
   */
  async history(options: HistoryOptions = noOptions): Promise<Watch<WatchEntry>> {
    requireOptions(options);
    return historyOf(this.#watched, options);
  }

  /**
   * Waits until the lock of this name is one's own, by a key of the bucket that expires unless it is renewed, which is done
   * in the background. See `Lock` for what is promised, and what its `token` is for. With `timeoutMs` it fails with
   * `TimeoutError` when the lock was not free in time. Who waits is woken as soon as the lock is free; there is no queue.
   *
   * @example
   * await using lock = await bucket.lock("import", { ttlMs: 10_000, timeoutMs: 60_000 });
   * while (lock.isHeld) await importNext(lock.token, lock.signal);
   */
  async lock(name: Key, options: LockOptions = noOptions): Promise<Lock> {
    requireOptions(options);
    return takeLock(this.#caller, this.#keyIn(name), options, (value) => this.#stored(value));
  }

  /**
   * Makes this program a candidate in the election of this name: whoever has its key leads. See `Election`.
   *
   * @example
   * const election = bucket.elect("scheduler", { value: hostname });
   * const leadership = await election.campaign();
   * leadership.signal.addEventListener("abort", () => stopScheduling());
   */
  elect(name: Key, options: ElectOptions = noOptions): Election {
    requireOptions(options);
    lifeOf(options.ttlMs);
    const internalKey = this.#keyIn(name);
    const key = typeof name === "string" ? name : splitInternalKey(internalKey).key;
    return new Election(
      {
        name: key,
        lock: (own) => this.lock(name, own),
        leader: (own) => this.find(name, own),
        observe: (own) => this.watch({ ...own, key }),
      },
      options,
    );
  }

  /** What the bucket holds, counted now: the cost grows with its keys, not with its values. */
  async status(options: CallOptions = noOptions): Promise<BucketStatus> {
    requireOptions(options);
    const told = { bucket: this.name, prefix: this.#prefix, ttl: this.#ttlMs };
    return statusOf(this.#caller, told, this.#listing(undefined, options));
  }

  /** Removes every key, and answers true. The bucket can be written to again at once. As `deleteRange({})`. */
  async destroy(options: CallOptions = noOptions): Promise<boolean> {
    await this.deleteRange({}, options);
    return true;
  }

  get #watched(): WatchedBucket {
    return { caller: this.#caller, prefix: this.#prefix, codecs: this.#codecs };
  }

  #listing(filter: Filter | undefined, options: CallOptions): KeyListing {
    const stored = storedFilter(this.#codecs, filter);
    return new KeyListing(this.#caller, this.#prefix, stored, options);
  }

  #put(
    key: Key,
    value: Value,
    expectation: Expectation,
    ttlMs: number | undefined,
    options: CallOptions,
  ): Promise<Revision> {
    const internalKey = this.#keyIn(key);
    const operation = putOf(internalKey, this.#stored(value), this.#ttlMsOf(ttlMs), expectation);
    return this.#caller.write(operation, options, toRevision);
  }

  async #deleteEach(key: Key, options: DeleteOptions, purge: boolean): Promise<void> {
    requireOptions(options);
    if (typeof key !== "string" || !isPattern(key)) {
      await this.#delete(this.#keyIn(key), options, purge);
      return;
    }
    if (previousRevisionOf(options) !== undefined) {
      throw badRequest("a revision is expected of one key, not of a pattern");
    }
    await deleteMatching(this.#listing(key, options), (matching) =>
      this.#delete(matching, options, purge),
    );
  }

  #delete(key: InternalKey, options: DeleteOptions, purge: boolean): Promise<Deleted> {
    const operation = deleteOf(key, expectationOf(previousRevisionOf(options)), purge);
    return this.#caller.write(operation, options, toDeleted);
  }

  #keyIn(key: Key): InternalKey {
    const stored = typeof key === "string" ? encodedKey(this.#codecs, key) : key;
    return keyIn(this.#prefix, stored);
  }

  #stored(value: Value): Value {
    return this.#codecs.value === undefined ? value : this.#codecs.value.encode(value);
  }

  /** Most buckets have no codecs: one promise more for each read would be a large part of its cost. */
  #decodedLater(reading: Promise<Entry | null>): Promise<Entry | null> {
    return this.#codecs === noOptions ? reading : reading.then((entry) => this.#decoded(entry));
  }

  #decoded<Found extends Entry | null>(entry: Found): Found | Entry {
    if (entry === null || this.#codecs === noOptions) return entry;
    return entry.decodedBy(this.#codecs);
  }

  /** 0 = no expiry. */
  #ttlMsOf(ttlMs: number | undefined): number {
    return ttlMs === undefined ? this.#ttlMs : ttlMsOf(ttlMs);
  }
}

function refuse(thrown: unknown): Promise<never> {
  return Promise.reject(thrown);
}

/** What cannot be read at that revision, be it forgotten or yet to come, was not written then as far as is known. */
async function writtenAt(
  revision: Revision,
  reading: Promise<Entry | null>,
): Promise<Entry | null> {
  try {
    const entry = await reading;
    return entry?.revision === revision ? entry : null;
  } catch (failure) {
    const { code } = failure as SynodError;
    if (code === "TOO_OLD" || code === "CLOCK_TOO_FAR_AHEAD") return null;
    throw failure;
  }
}

// The core has checked that a result is of its operation's kind.

function toRevision(result: OperationResult): Revision {
  return result as Revision;
}

function toDeleted(result: OperationResult): Deleted {
  const { revision, existed } = result as DecidedDelete;
  return { revision, existed };
}

function toSum(result: OperationResult): number {
  return (result as IncrementResult).value;
}

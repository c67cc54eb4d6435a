/** A bucket: a name in front of its keys, and every operation on them. */
import { bucketPrefix } from "../infra/codec/key-text.ts";
import { absent, type Expectation } from "../kv/commands/operation.ts";
import type {
  DeleteResult as DecidedDelete,
  IncrementResult,
  OperationResult,
} from "../kv/commands/result.ts";
import type { Revision } from "../kv/revision.ts";
import type { InternalKey } from "../kv/state-reader.ts";
import type { Caller } from "./caller.ts";
import { deleteRange, type DeletedRange } from "./delete-range.ts";
import type { Entry } from "./entry.ts";
import { getMany, toEntry } from "./get-many.ts";
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
import {
  badRequest,
  freshnessOf,
  noOptions,
  requireOptions,
  ttlMsOf,
  wholeNumber,
  type CallOptions,
  type DeleteOptions,
  type PutManyOptions,
  type PutOptions,
  type ReadOptions,
} from "./options.ts";
import { putMany } from "./put-many.ts";
import { boundsIn, RangeScan, type Bounds, type RangeQuery } from "./range-scan.ts";

export interface Deleted {
  /** The delete's revision; where there was no such key, one as of which that is so. */
  readonly revision: Revision;
  /** Whether there was such a key. */
  readonly existed: boolean;
}

/**
 * The keys of one bucket. The methods and their results are those of `KV` in `@nats-io/kv`, where it has them. A bucket
 * exists as soon as it is written to, and its object costs nothing: make one wherever it is needed.
 *
 * A write is durable when its promise resolves: a majority of the store group's nodes have it on disk (fsync). It is
 * executed once however often the client has to send it. Every failure is a `SynodError`, whose `outcome` says whether
 * the write may have been executed. Operations issued in one turn of the event loop travel together; their order is
 * not promised unless the earlier one was awaited.
 *
 * @example
 * const bucket = synod.bucket("users");
 * const revision = await bucket.put("alice", JSON.stringify({ age: 41 }));
 * const entry = await bucket.get("alice");
 * entry?.json(); // { age: 41 }
 * await bucket.update("alice", JSON.stringify({ age: 42 }), revision);
 */
export class Bucket {
  readonly name: string;
  readonly #caller: Caller;
  readonly #prefix: InternalKey;

  /** @internal */
  constructor(caller: Caller, name: string) {
    if (typeof name !== "string") throw badRequest("a bucket's name is a string");
    this.name = name;
    this.#caller = caller;
    this.#prefix = bucketPrefix(name);
  }

  /** Writes the value whatever was there, and answers with the write's revision. Fails with `ConflictError`. */
  put(key: Key, value: Value, options: PutOptions = noOptions): Promise<Revision> {
    try {
      requireOptions(options);
      return this.#put(key, value, expectationOf(options.previousRevision), options);
    } catch (thrown) {
      return refuse(thrown);
    }
  }

  /** Writes the value if there is no such key. Fails with `ConflictError`, which tells the key's revision. */
  create(
    key: Key,
    value: Value,
    options: Omit<PutOptions, "previousRevision"> = noOptions,
  ): Promise<Revision> {
    try {
      requireOptions(options);
      return this.#put(key, value, absent, options);
    } catch (thrown) {
      return refuse(thrown);
    }
  }

  /** Writes the value if the key still has that revision. Fails with `ConflictError`, which tells the revision it has. */
  update(
    key: Key,
    value: Value,
    revision: Revision,
    options: Omit<PutOptions, "previousRevision"> = noOptions,
  ): Promise<Revision> {
    try {
      requireOptions(options);
      return this.#put(key, value, wholeNumber("revision", revision, 1), options);
    } catch (thrown) {
      return refuse(thrown);
    }
  }

  /** The key's newest value; null when there is no such key. */
  get(key: Key, options: ReadOptions = noOptions): Promise<Entry | null> {
    try {
      requireOptions(options);
      const operation = getOf(keyIn(this.#prefix, key));
      return this.#caller.read(operation, freshnessOf(options), options, toEntry);
    } catch (thrown) {
      return refuse(thrown);
    }
  }

  /**
   * The newest values, in the order of the keys; null where there is no such key. Those of one store group are answered
   * from one state (as long as the answer fits into one message of 900 KiB); across groups they are not. When some of
   * several groups fail: `PartialFailureError`, whose parts hold what the others answered, in the order of their keys.
   */
  getMany(keys: Iterable<Key>, options: ReadOptions = noOptions): Promise<(Entry | null)[]> {
    return getMany(this.#caller, this.#prefix, keys, options);
  }

  /**
   * Writes all of the pairs and answers with their revisions, in order. The keys of one store group are written as one
   * transaction, all or nothing, up to 128 keys and 900 KiB; what is more goes into further ones. Across them it is not
   * atomic: when some fail, `PartialFailureError` lists what became of each. No key may be given twice.
   */
  putMany(
    pairs: Iterable<readonly [key: Key, value: Value]>,
    options: PutManyOptions = noOptions,
  ): Promise<Revision[]> {
    return putMany(this.#caller, this.#prefix, pairs, options);
  }

  /** Removes the key. Not finding it is no failure. Fails with `ConflictError` when another revision was expected. */
  delete(key: Key, options: DeleteOptions = noOptions): Promise<Deleted> {
    try {
      requireOptions(options);
      const expectation = expectationOf(options.previousRevision);
      const operation = deleteOf(keyIn(this.#prefix, key), expectation);
      return this.#caller.write(operation, options, toDeleted);
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
      requireOptions(options);
      const operation = incrementOf(keyIn(this.#prefix, key), delta);
      return this.#caller.write(operation, options, toSum);
    } catch (thrown) {
      return refuse(thrown);
    }
  }

  /**
   * The keys of a range in byte order, as an async iterable, page by page, or as one array. See `RangeScan`.
   *
   * @example
   * for await (const entry of bucket.range({ prefix: "user:" })) console.log(entry.key, entry.string());
   */
  range(query: RangeQuery = noOptions): RangeScan {
    return new RangeScan(this.#caller, this.#prefix, query);
  }

  /**
   * Removes every key of a range that is there when its turn comes. Up to 1,000 keys at a time are removed as one atomic
   * unit; the range as a whole is not. When some store groups fail: `PartialFailureError` with what each of them
   * removed. `{}` is the whole bucket.
   */
  deleteRange(bounds: Bounds, options: CallOptions = noOptions): Promise<DeletedRange> {
    try {
      requireOptions(options);
      return deleteRange(this.#caller, boundsIn(this.#prefix, bounds), options);
    } catch (thrown) {
      return refuse(thrown);
    }
  }

  #put(
    key: Key,
    value: Value,
    expectation: Expectation,
    options: Omit<PutOptions, "previousRevision">,
  ): Promise<Revision> {
    const internalKey = keyIn(this.#prefix, key);
    const operation = putOf(internalKey, value, ttlMsOf(options.ttlMs), expectation);
    return this.#caller.write(operation, options, toRevision);
  }
}

function refuse(thrown: unknown): Promise<never> {
  return Promise.reject(thrown);
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

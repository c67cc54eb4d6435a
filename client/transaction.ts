/** One run of a transaction's function: what it read and what it wants to write. */
import { bucketPrefix } from "../infra/codec/key-text.ts";
import { SynodError } from "../infra/errors/synod-error.ts";
import {
  checkKind,
  expectNothing,
  operationKind,
  type Check,
  type Delete,
  type Increment,
  type KeyRange,
  type Put,
} from "../kv/commands/operation.ts";
import type { GetResult } from "../kv/commands/result.ts";
import { integerBytes, parseInteger } from "../kv/execute/decimal.ts";
import { newest, type Revision } from "../kv/revision.ts";
import type { InternalKey } from "../kv/state-reader.ts";
import type { Caller } from "./caller.ts";
import { linearizable } from "./core/freshness.ts";
import { entryOf, Entry } from "./entry.ts";
import { deleteOf, getOf, incrementOf, keyIn, putOf, type Key, type Value } from "./input.ts";
import { badRequest, ttlMsOf, wholeNumber, type CallOptions } from "./options.ts";
import { boundsIn, isEmpty, readPage, type Bounds } from "./range-scan.ts";

type Write = Put | Delete | Increment;

/** Which keys of a bucket a transaction reads. */
export interface TransactionRange extends Bounds {
  /** At most so many entries; unlimited unless given. */
  readonly limit?: number;
  /** From the end to the start. */
  readonly reverse?: boolean;
}

/** What happened so far, as the runner of the transaction needs it. */
export class Attempt {
  /** Reads of the store that were answered. */
  reads = 0;
  /** A revision as of which the newest read holds. */
  lastRevision: Revision = 0;
  isOver = false;
  /** Failures of its own reads: whoever throws one throws no opinion on what was read. */
  readonly failures = new Set<unknown>();
  readonly checks: Check[] = [];
  readonly writes = new Map<InternalKey, Write>();
  readonly #caller: Caller;
  readonly #options: () => CallOptions;
  /** Every key is read once: a transaction that asks again gets the same answer. */
  readonly #read = new Map<InternalKey, Promise<Entry | null>>();

  constructor(caller: Caller, options: () => CallOptions) {
    this.#caller = caller;
    this.#options = options;
  }

  requireOpen(): void {
    if (this.isOver) throw badRequest("the transaction is over: its function has returned");
  }

  async get(key: InternalKey): Promise<Entry | null> {
    this.requireOpen();
    const own = this.writes.get(key);
    return own === undefined ? this.#stored(key) : this.#seen(own);
  }

  write(write: Write): void {
    this.requireOpen();
    this.writes.set(write.key, write);
  }

  /** The sum is not known before the commit, unless the transaction has written the key itself. */
  increment(increment: Increment): void {
    this.requireOpen();
    const own = this.writes.get(increment.key);
    if (own === undefined) this.write(increment);
    else if (own.kind === operationKind.increment) {
      this.write(incrementOf(own.key, own.delta + increment.delta));
    } else {
      const isPut = own.kind === operationKind.put;
      const before = isPut ? integerIn(own.source, own.start, own.end) : 0;
      const sum = integerBytes(safeSum(before, increment.delta));
      this.write(putOf(own.key, sum, isPut ? own.ttlMs : 0, expectNothing));
    }
  }

  async *range(
    range: KeyRange,
    limit: number,
    reverse: boolean,
  ): AsyncGenerator<Entry, void, undefined> {
    let left = limit;
    let rest: KeyRange | undefined = isEmpty(range) ? undefined : range;
    while (rest !== undefined && left > 0) {
      this.requireOpen();
      const part: KeyRange = rest;
      const own = this.#writesIn(part);
      const page = await this.#page(part, left + own.length, reverse);
      const covered = coveredBy(part, page.rest, reverse);
      for (const entry of await this.#merged(page.entries, covered, reverse)) {
        yield entry;
        if (--left === 0) return;
      }
      rest = page.rest === undefined ? undefined : behind(part, page.rest, reverse);
    }
  }

  async #stored(key: InternalKey): Promise<Entry | null> {
    const known = this.#read.get(key);
    if (known !== undefined) return known;
    const reading = this.#note(() =>
      this.#caller.read(
        getOf(key),
        linearizable,
        this.#options(),
        (result, _, { lastRevision }) => {
          const { version } = result as GetResult;
          const revision = version?.revision ?? 0;
          this.#noteRead({ kind: checkKind.revision, key, revision }, lastRevision);
          return version === undefined ? null : entryOf(key, version);
        },
      ),
    );
    this.#read.set(key, reading);
    return reading;
  }

  async #page(range: KeyRange, limit: number, reverse: boolean) {
    const form = { reverse, keysOnly: false };
    const page = await this.#note(() =>
      readPage(this.#caller, range, limit, form, newest, linearizable, this.#options()),
    );
    const { lastRevision } = page.place;
    const covered = coveredBy(range, page.rest, reverse);
    this.#noteRead({ kind: checkKind.unchanged, ...covered, since: lastRevision }, lastRevision);
    return page;
  }

  /** What is answered only after the function has returned can have had no part in what it returned. */
  #noteRead(check: Check, lastRevision: Revision): void {
    if (this.isOver) return;
    this.reads += 1;
    this.lastRevision = lastRevision;
    this.checks.push(check);
  }

  async #note<Answer>(read: () => Promise<Answer>): Promise<Answer> {
    try {
      return await read();
    } catch (failure) {
      this.failures.add(failure);
      throw failure;
    }
  }

  /** The transaction's own write as it would be read. It has no revision yet. */
  async #seen(write: Write): Promise<Entry | null> {
    if (write.kind === operationKind.delete) return null;
    if (write.kind === operationKind.put) {
      // A copy: what is done to it must not change what will be written.
      const value = new Uint8Array(write.source.subarray(write.start, write.end));
      return new Entry(write.key, value, 0, 0);
    }
    const stored = await this.#stored(write.key);
    const before = stored === null ? 0 : integerIn(stored.value, 0, stored.length);
    return new Entry(write.key, integerBytes(safeSum(before, write.delta)), 0, 0);
  }

  #writesIn({ start, end }: KeyRange): Write[] {
    return [...this.writes.values()].filter(
      ({ key }) => key >= start && (end === undefined || key < end),
    );
  }

  /** What the store has of a range, with what the transaction itself has written there. */
  async #merged(
    entries: readonly Entry[],
    covered: KeyRange,
    reverse: boolean,
  ): Promise<readonly Entry[]> {
    const own = this.#writesIn(covered);
    if (own.length === 0) return entries;
    const byKey = new Map<InternalKey, Entry>();
    for (const entry of entries) byKey.set(internalKeyOf(entry), entry);
    for (const write of own) {
      const seen = await this.#seen(write);
      if (seen === null) byKey.delete(write.key);
      else byKey.set(write.key, seen);
    }
    const sorted = [...byKey].toSorted(([left], [right]) => (left < right ? -1 : 1));
    if (reverse) sorted.reverse();
    return sorted.map(([, entry]) => entry);
  }
}

function internalKeyOf({ bucket, keyBytes }: Entry): InternalKey {
  return keyIn(bucketPrefix(bucket), keyBytes);
}

/** What a page has shown of its range. */
function coveredBy(
  { start, end }: KeyRange,
  rest: InternalKey | undefined,
  reverse: boolean,
): KeyRange {
  if (rest === undefined) return { start, end };
  return reverse ? { start: rest, end } : { start, end: rest };
}

function behind({ start, end }: KeyRange, rest: InternalKey, reverse: boolean): KeyRange {
  return reverse ? { start, end: rest } : { start: rest, end };
}

/** Throws `NOT_A_NUMBER`. */
function integerIn(source: Uint8Array, start: number, end: number): number {
  const value = parseInteger(source, start, end);
  if (value !== undefined) return value;
  throw new SynodError("NOT_A_NUMBER", "increment of a key that holds no integer");
}

function safeSum(before: number, delta: number): number {
  const sum = before + delta;
  if (Number.isSafeInteger(sum)) return sum;
  throw new SynodError("NOT_A_NUMBER", "the sum of an increment would not be a safe integer");
}

/**
 * The keys of one bucket inside a transaction. Reads go to the store (linearizable) and are validated when the
 * transaction commits; writes are kept back until then, and seen by its own reads.
 */
export class TransactionBucket {
  /** The bucket's name. */
  readonly name: string;
  readonly #attempt: Attempt;
  readonly #prefix: InternalKey;

  /** @internal */
  constructor(attempt: Attempt, name: string) {
    if (typeof name !== "string") throw badRequest("a bucket's name is a string");
    this.name = name;
    this.#attempt = attempt;
    this.#prefix = bucketPrefix(name);
  }

  /** Null when there is no such key. An entry that the transaction itself has written has revision 0. */
  async get(key: Key): Promise<Entry | null> {
    return this.#attempt.get(keyIn(this.#prefix, key));
  }

  /** As `get`, in the order of the keys. */
  async getMany(keys: Iterable<Key>): Promise<(Entry | null)[]> {
    const internalKeys = Array.from(keys, (key) => keyIn(this.#prefix, key));
    return Promise.all(internalKeys.map((key) => this.#attempt.get(key)));
  }

  /**
   * The keys of a range in byte order. The whole range as far as it was read is validated, also against keys that were
   * not there; all ranges of a transaction may hold 4,000 keys.
   */
  range(query: TransactionRange = {}): AsyncIterable<Entry> {
    const { limit = Infinity, reverse = false } = query;
    if (limit !== Infinity) wholeNumber("limit", limit, 1);
    return this.#attempt.range(boundsIn(this.#prefix, query), limit, reverse);
  }

  /** Writes the value when the transaction commits. An earlier write of the key by the transaction is forgotten. */
  put(key: Key, value: Value, options: { readonly ttlMs?: number } = {}): void {
    const internalKey = keyIn(this.#prefix, key);
    this.#attempt.write(putOf(internalKey, value, ttlMsOf(options.ttlMs), expectNothing));
  }

  /** Removes the key, if there is such a key, when the transaction commits. */
  delete(key: Key): void {
    this.#attempt.write(deleteOf(keyIn(this.#prefix, key), expectNothing));
  }

  /** Adds to an integer without reading it, so that transactions that only add do not conflict. */
  increment(key: Key, delta = 1): void {
    this.#attempt.increment(incrementOf(keyIn(this.#prefix, key), delta));
  }
}

/** What a transaction's function is given. */
export class Transaction {
  readonly #attempt: Attempt;

  /** @internal */
  constructor(attempt: Attempt) {
    this.#attempt = attempt;
  }

  /** The keys of one bucket, as the transaction sees them. */
  bucket(name = "default"): TransactionBucket {
    return new TransactionBucket(this.#attempt, name);
  }
}

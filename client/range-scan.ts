/** Reading a range of keys, page by page. */
import { bytesOf, prefixEnd } from "../infra/codec/key-text.ts";
import type { ReadRequest, WriteRequest } from "../infra/codec/request-encoder.ts";
import { operationKind, type KeyRange, type Range } from "../kv/commands/operation.ts";
import type { OperationResult, RangeResult } from "../kv/commands/result.ts";
import { keyBytesMax, pageRowsMax } from "../kv/limits.ts";
import { newest, type Revision } from "../kv/revision.ts";
import type { InternalKey } from "../kv/state-reader.ts";
import type { Caller } from "./caller.ts";
import type { Codecs } from "./codecs.ts";
import type { Place } from "./core/call.ts";
import { isStale, stale, type Freshness } from "./core/freshness.ts";
import { entryOf, type Entry } from "./entry.ts";
import { boundIn, type Key } from "./input.ts";
import {
  badRequest,
  freshnessOf,
  noOptions,
  optionNames,
  requireOptions,
  wholeNumber,
  type OptionNames,
  type ReadOptions,
} from "./options.ts";

/** Which keys. All that are given hold together; `{}` is the whole bucket. Byte order, which for text is that of UTF-8. */
export interface Bounds {
  /** The first key that belongs to the range, if there is such a key. */
  readonly start?: Key;
  /** The first key that does not belong to it any more. */
  readonly end?: Key;
  /** What every key begins with. */
  readonly prefix?: Key;
}

/** Which keys to read, and how. */
export interface RangeQuery extends Bounds, ReadOptions {
  /** At most so many entries in all; unlimited unless given. */
  readonly limit?: number;
  /** From the end to the start. */
  readonly reverse?: boolean;
  /** Leaves the values on the servers: entries have an empty `value`, and its `length`. */
  readonly keysOnly?: boolean;
  /** Goes on where an earlier page of the same query ended. */
  readonly cursor?: string;
}

const queryNames: OptionNames<RangeQuery> = {
  ...optionNames.read,
  start: true,
  end: true,
  prefix: true,
  limit: true,
  reverse: true,
  keysOnly: true,
  cursor: true,
};

/** A part of a range as one answer brought it. */
export interface RangePage {
  /** In the order of the range. */
  readonly entries: readonly Entry[];
  /**
   * Where the next page begins, as text that another process may use as well; undefined = this was the last one. A page
   * may be short, even empty, and still have a cursor.
   */
  readonly cursor: string | undefined;
}

/**
 * A range that is read as it is asked for: as an async iterable of entries, as pages, or as an array. Every way reads
 * anew from the start. A page has at most 1,000 entries and 512 KiB.
 *
 * With `linearizable` or `quorum` all pages from one store group show it at one moment, that of its first page, also when
 * others write meanwhile; reading it for longer than history is kept (10 minutes unless configured) fails with `TOO_OLD`.
 * Several groups are shown at different moments. A page that continues with a `cursor` begins a new moment.
 *
 * `timeoutMs` is for each page. When a page fails the iteration throws its error; nothing was changed.
 *
 * @example
 * for await (const { entries } of bucket.range({ prefix: "user:" }).pages()) console.log(entries.length);
 * const newest = await bucket.range({ prefix: "log:", reverse: true, limit: 10 }).toArray();
 */
export class RangeScan implements AsyncIterable<Entry> {
  readonly #caller: Caller;
  readonly #prefix: InternalKey;
  readonly #query: RangeQuery;
  readonly #codecs: Codecs;

  /** @internal */
  constructor(caller: Caller, prefix: InternalKey, query: RangeQuery, codecs: Codecs = noOptions) {
    this.#caller = caller;
    this.#prefix = prefix;
    this.#query = query;
    this.#codecs = codecs;
  }

  /** Entry by entry. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Entry, void, undefined> {
    for await (const { entries } of this.pages()) yield* entries;
  }

  /** As they come from the store groups. */
  async *pages(): AsyncGenerator<RangePage, void, undefined> {
    const reading = this.#begin();
    const { limit = Infinity } = this.#query;
    for (let left = limit; left > 0 && !reading.isDone;) {
      const entries = await reading.next(left);
      left -= entries.length;
      yield { entries: this.#decoded(entries), cursor: this.#cursorOf(reading) };
    }
  }

  /** The first page alone, of at most `limit` entries. Go on with its cursor. */
  async page(): Promise<RangePage> {
    const reading = this.#begin();
    if (reading.isDone) return { entries: [], cursor: undefined };
    const entries = await reading.next(this.#query.limit ?? Infinity);
    return { entries: this.#decoded(entries), cursor: this.#cursorOf(reading) };
  }

  /** All of it at once: give a `limit` unless the range is known to be small. */
  async toArray(): Promise<Entry[]> {
    const all: Entry[] = [];
    for await (const { entries } of this.pages()) all.push(...entries);
    return all;
  }

  /** Throws what is wrong with the query. */
  #begin(): PagedReading {
    const query = this.#query;
    requireOptions(query, queryNames);
    const { limit, reverse = false, keysOnly = false, cursor } = query;
    if (limit !== undefined) wholeNumber("limit", limit, 1);
    if (typeof reverse !== "boolean") throw badRequest("reverse is no boolean");
    if (typeof keysOnly !== "boolean") throw badRequest("keysOnly is no boolean");
    const range = boundsIn(this.#prefix, query);
    const at = cursor === undefined ? undefined : this.#prefix + parseCursor(cursor);
    const from = at === undefined ? range : continuedAt(range, at, reverse);
    return new PagedReading(this.#caller, from, { reverse, keysOnly }, query);
  }

  #decoded(entries: readonly Entry[]): readonly Entry[] {
    const codecs = this.#codecs;
    return codecs === noOptions ? entries : entries.map((entry) => entry.decodedBy(codecs));
  }

  #cursorOf({ rest }: PagedReading): string | undefined {
    return rest === undefined ? undefined : cursorText(rest.slice(this.#prefix.length));
  }
}

export interface PageForm {
  readonly reverse: boolean;
  readonly keysOnly: boolean;
}

/** One page as the store gave it. */
export interface StoredPage {
  readonly entries: Entry[];
  readonly place: Place;
  readonly rest: InternalKey | undefined;
}

/** Reads on behind what was read. Throws what is wrong with the options. */
class PagedReading {
  readonly #caller: Caller;
  readonly #form: PageForm;
  readonly #options: ReadOptions;
  readonly #freshness: Freshness;
  #range: KeyRange;
  #rest: InternalKey | undefined;
  #isDone: boolean;
  /** The group whose pages are read now, and the moment all of them show. */
  #group: string | undefined;
  #at: Revision = newest;

  constructor(caller: Caller, range: KeyRange, form: PageForm, options: ReadOptions) {
    this.#caller = caller;
    this.#range = range;
    this.#form = form;
    this.#options = options;
    this.#freshness = freshnessOf(options);
    this.#isDone = isEmpty(range);
  }

  get isDone(): boolean {
    return this.#isDone;
  }

  /** The first key that is not read yet or, reversed, the first that is; undefined when there is nothing left. */
  get rest(): InternalKey | undefined {
    return this.#rest;
  }

  async next(limit: number): Promise<Entry[]> {
    const { entries, place, rest } = await this.#page(limit);
    this.#rest = rest;
    this.#isDone = rest === undefined;
    if (rest !== undefined) this.#range = continuedAt(this.#range, rest, this.#form.reverse);
    if (place.group !== this.#group) {
      this.#group = place.group;
      this.#at = place.lastRevision;
    }
    return entries;
  }

  async #page(limit: number): Promise<StoredPage> {
    const group = this.#group;
    if (group !== undefined && this.#nextGroup() === group) {
      const page = await this.#read(limit, this.#at);
      // The moment is that group's: another, which owns these keys now, is read at its newest.
      if (page.place.group === group) return page;
    }
    return this.#read(limit, newest);
  }

  #nextGroup(): string | undefined {
    const { routes } = this.#caller.core;
    const { reverse } = this.#form;
    return (reverse ? routes?.lastSpan(this.#range) : routes?.firstSpan(this.#range))?.group;
  }

  #read(limit: number, at: Revision): Promise<StoredPage> {
    const asked = this.#freshness;
    const freshness =
      isStale(asked) && at !== newest
        ? stale(Math.max(asked.minRevision, at), asked.maxAgeMs)
        : asked;
    return readPage(this.#caller, this.#range, limit, this.#form, at, freshness, this.#options);
  }
}

export function readPage(
  caller: Caller,
  { start, end }: KeyRange,
  limit: number,
  { reverse, keysOnly }: PageForm,
  at: Revision,
  freshness: Freshness,
  options: ReadOptions,
): Promise<StoredPage> {
  const operation: Range = {
    kind: operationKind.range,
    start,
    end,
    limit: limit < pageRowsMax ? limit : 0,
    reverse,
    keysOnly,
    at,
    cursor: undefined,
  };
  return caller.read(operation, freshness, options, toPage);
}

function toPage(
  result: OperationResult,
  _: WriteRequest | ReadRequest,
  place: Place,
  rest: InternalKey | undefined,
): StoredPage {
  const { rows } = result as RangeResult;
  const { group, slot, index, lastRevision, asOf } = place;
  return {
    entries: rows.map(({ key, version }) => entryOf(key, version, place)),
    place: { group, slot, index, lastRevision, asOf },
    rest,
  };
}

/** Throws `BAD_KEY`. */
export function boundsIn(prefix: InternalKey, bounds: Bounds): KeyRange {
  if (typeof bounds !== "object" || bounds === null) throw badRequest("a range is an object");
  const { start, end, prefix: common } = bounds;
  const first = prefix + (common === undefined ? "" : boundIn("", "prefix", common));
  const range = { start: first, end: prefixEnd(first) };
  if (start !== undefined) range.start = later(range.start, boundIn(prefix, "start", start));
  if (end !== undefined) range.end = earlier(range.end, boundIn(prefix, "end", end));
  return range;
}

export function isEmpty({ start, end }: KeyRange): boolean {
  return end !== undefined && end <= start;
}

function continuedAt({ start, end }: KeyRange, at: InternalKey, reverse: boolean): KeyRange {
  return reverse ? { start, end: earlier(end, at) } : { start: later(start, at), end };
}

function later(one: InternalKey, other: InternalKey): InternalKey {
  return one > other ? one : other;
}

function earlier(one: InternalKey | undefined, other: InternalKey): InternalKey {
  return one !== undefined && one < other ? one : other;
}

function cursorText(bound: string): string {
  return Buffer.from(bytesOf(bound)).toString("base64url");
}

function parseCursor(cursor: string): string {
  const bound = typeof cursor === "string" ? Buffer.from(cursor, "base64url") : undefined;
  if (
    bound === undefined ||
    bound.length > keyBytesMax + 1 ||
    bound.toString("base64url") !== cursor
  ) {
    throw badRequest("the cursor is none that a page came with");
  }
  return bound.toString("latin1");
}

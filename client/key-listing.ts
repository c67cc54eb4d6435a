/** The keys that match a filter, page by page, without their values. */
import type { KeyRange } from "../kv/commands/operation.ts";
import { newest } from "../kv/revision.ts";
import type { InternalKey } from "../kv/state-reader.ts";
import type { Caller } from "./caller.ts";
import { decodedKey, encodedKey, type Codecs } from "./codecs.ts";
import { linearizable } from "./core/freshness.ts";
import type { Entry } from "./entry.ts";
import { KeyFilter } from "./key-pattern.ts";
import type { CallOptions } from "./options.ts";
import type { BatchSource } from "./queued-iterator.ts";
import { isEmpty, readPage } from "./range-scan.ts";

/** What `keys`, `history` and `watch` may be told to look at. */
export type Filter = string | readonly string[];

/** A filter over keys as users say them, for keys as they are stored. Throws `BAD_KEY`. */
export function storedFilter(codecs: Codecs, filter: Filter | undefined): KeyFilter {
  if (codecs.key === undefined || filter === undefined) return new KeyFilter(filter);
  const texts = typeof filter === "string" ? [filter] : filter;
  return new KeyFilter(
    Array.isArray(texts) ? texts.map((text) => encodedKey(codecs, text)) : texts,
  );
}

/** Every page at the newest state of its store group when it is read. */
export class KeyListing implements BatchSource<Entry> {
  readonly #caller: Caller;
  readonly #filter: KeyFilter;
  readonly #options: CallOptions;
  readonly #ranges: KeyRange[];

  constructor(caller: Caller, prefix: InternalKey, filter: KeyFilter, options: CallOptions) {
    this.#caller = caller;
    this.#filter = filter;
    this.#options = options;
    this.#ranges = filter.rangesIn(prefix).filter((range) => !isEmpty(range));
  }

  async next(): Promise<readonly Entry[] | undefined> {
    const [range] = this.#ranges;
    if (range === undefined) return undefined;
    const form = { reverse: false, keysOnly: true };
    const { entries, rest } = await readPage(
      this.#caller,
      range,
      Infinity,
      form,
      newest,
      linearizable,
      this.#options,
    );
    if (rest === undefined) this.#ranges.shift();
    else this.#ranges[0] = { start: rest, end: range.end };
    return entries.filter(({ rawKey }) => this.#filter.matches(rawKey));
  }

  close(): void {
    this.#ranges.length = 0;
  }
}

/** The same, as the keys alone. */
export class KeyTexts implements BatchSource<string> {
  readonly #listing: KeyListing;
  readonly #codecs: Codecs;

  constructor(listing: KeyListing, codecs: Codecs) {
    this.#listing = listing;
    this.#codecs = codecs;
  }

  async next(): Promise<readonly string[] | undefined> {
    const entries = await this.#listing.next();
    return entries?.map(({ rawKey }) => decodedKey(this.#codecs, rawKey));
  }

  close(): void {
    this.#listing.close();
  }
}

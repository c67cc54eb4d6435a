/** Watching a bucket, and reading its history, with the options and entries of `@nats-io/kv`. */
import { splitInternalKey } from "../infra/codec/key-text.ts";
import { changeOperation } from "../kv/change.ts";
import type { Revision } from "../kv/revision.ts";
import type { InternalKey } from "../kv/state-reader.ts";
import type { Caller } from "./caller.ts";
import type { Codecs } from "./codecs.ts";
import { Entry, type EntryDetails, type EntryOperation } from "./entry.ts";
import { storedFilter, type Filter } from "./key-listing.ts";
import { badRequest, noOptions, wholeNumber, type CallOptions } from "./options.ts";
import { boundsIn, type Bounds } from "./range-scan.ts";
import type { KeyFilter } from "./watch/key-filter.ts";
import { openWatch, type WatchFrom, type WatchQuery } from "./watch/open-watch.ts";
import type { Watch, WatchCallbacks } from "./watch/watch.ts";
import type { WatchedChange } from "./watch/watched-change.ts";

/** What a watch begins with. The names and values of `@nats-io/kv`. */
export const KvWatchInclude = {
  /** The newest entry of every key; of keys that were deleted their markers, while they are kept. */
  LastValue: "",
  /** Everything that is kept of the past: all of the last 10 minutes unless configured, and the newest of what is older. */
  AllHistory: "history",
  /** Nothing: only what changes from now on. */
  UpdatesOnly: "updates",
} as const;
/** One of the values of the constant of this name. */
export type KvWatchInclude = (typeof KvWatchInclude)[keyof typeof KvWatchInclude];

/** What `history` takes. */
export interface HistoryOptions extends CallOptions {
  /** A key, a pattern, or several; all keys unless given. */
  readonly key?: Filter;
  /** Leaves the values on the servers: entries have an empty `value`, and its `length`. */
  readonly headers_only?: boolean;
}

/**
 * What `watch` takes. Which keys is said by `key`, or by bounds as with `range`, not by both. `timeoutMs` is for its
 * beginning alone, `signal` ends it at any time.
 */
export interface WatchOptions extends HistoryOptions, WatchCallbacks, Bounds {
  /** What to begin with: the newest entry of every key unless given. */
  readonly include?: KvWatchInclude;
  /** Tells nothing of keys that are deleted, purged, or expire. */
  readonly ignoreDeletes?: boolean;
  /**
   * Begins with everything that was written at this revision or later, in place of `include`. In a bucket over several
   * store groups the same number counts for each; the watch's `cursor` is exact there.
   */
  readonly resumeFromRevision?: Revision;
  /** Goes on where an earlier watch of the same keys was, be it in another process: its `cursor`. */
  readonly cursor?: string;
  /** The same as `onInitialized`, by its name in earlier clients of NATS. */
  readonly initializedFn?: () => void;
}

/** What a watch tells: an entry, and whether it was there before the watch began. */
export class WatchEntry extends Entry {
  /** Whether it was written after the watch had begun. False for what the watch began with. */
  readonly isUpdate: boolean;

  /** @internal */
  constructor(
    internalKey: InternalKey,
    value: Uint8Array,
    revision: Revision,
    expiresAt: Revision,
    details: EntryDetails & { readonly isUpdate: boolean },
  ) {
    super(internalKey, value, revision, expiresAt, details);
    this.isUpdate = details.isUpdate;
  }
}

/** A bucket as a watch needs to know it. */
export interface WatchedBucket {
  readonly caller: Caller;
  readonly prefix: InternalKey;
  readonly codecs: Codecs;
}

export async function watchBucket(
  bucket: WatchedBucket,
  options: WatchOptions,
): Promise<Watch<WatchEntry>> {
  const { include = KvWatchInclude.LastValue, initializedFn, onInitialized } = options;
  for (const callback of [initializedFn, onInitialized] as unknown[]) {
    if (callback !== undefined && typeof callback !== "function") {
      throw badRequest("onInitialized, or initializedFn, is no function");
    }
  }
  const initialized = (): void => {
    initializedFn?.();
    onInitialized?.();
  };
  const isAllUpdates = include === KvWatchInclude.UpdatesOnly && beginsAsIncluded(options);
  const query: WatchQuery = {
    ...options,
    ...aimOf(bucket, options),
    from: beginningOf(options, include),
    tombstonesToo: true,
    onInitialized: initialized,
  };
  return openWatch(bucket.caller, query, (change, leftToBegin) =>
    toWatchEntry(bucket, change, isAllUpdates ? undefined : leftToBegin),
  );
}

/** Ends by itself, with what was there when it was asked for. */
export async function historyOf(
  bucket: WatchedBucket,
  options: HistoryOptions,
): Promise<Watch<WatchEntry>> {
  // It may be over before there is anything to stop.
  const history: { watch: Watch<WatchEntry> | undefined; isOver: boolean } = {
    watch: undefined,
    isOver: false,
  };
  const onInitialized = (): void => {
    history.isOver = true;
    history.watch?.stop();
  };
  const query = { ...options, ...aimOf(bucket, options), from: "history" as const, onInitialized };
  const watch = await openWatch(bucket.caller, query, (change, leftToBegin) =>
    toWatchEntry(bucket, change, leftToBegin ?? 0),
  );
  history.watch = watch;
  if (history.isOver) watch.stop();
  return watch;
}

/** Which keys, and how much of them. */
function aimOf(
  { prefix, codecs }: WatchedBucket,
  { key, headers_only: keysOnly = false, ...bounds }: HistoryOptions & Bounds,
) {
  if ([bounds.prefix, bounds.start, bounds.end].some((bound) => bound !== undefined)) {
    if (key !== undefined) throw badRequest("a watch is given a key and a range");
    return { ranges: [boundsIn(prefix, bounds)], filter: undefined, keysOnly };
  }
  const patterns = storedFilter(codecs, key);
  const filter: KeyFilter | undefined =
    key === undefined
      ? undefined
      : {
          name: `${prefix}${patterns.name}`,
          matches: (internalKey) => patterns.matches(splitInternalKey(internalKey).key),
        };
  return { ranges: patterns.rangesIn(prefix), filter, keysOnly };
}

function beginsAsIncluded({ cursor, resumeFromRevision = 0 }: WatchOptions): boolean {
  return cursor === undefined && resumeFromRevision === 0;
}

function beginningOf(options: WatchOptions, include: KvWatchInclude): WatchFrom {
  const { cursor, resumeFromRevision = 0 } = options;
  if (cursor !== undefined) return { cursor };
  wholeNumber("resumeFromRevision", resumeFromRevision, 0);
  if (resumeFromRevision > 0) return { revision: resumeFromRevision - 1 };
  if (include === KvWatchInclude.LastValue) return "current";
  if (include === KvWatchInclude.AllHistory) return "history";
  if (include === KvWatchInclude.UpdatesOnly) return "now";
  throw badRequest(`include ${String(include)} is none of KvWatchInclude`);
}

function toWatchEntry(
  { codecs }: WatchedBucket,
  change: WatchedChange,
  leftToBegin: number | undefined,
): WatchEntry {
  const { key, value, revision, expiresAt, bytesLeftOut: length } = change;
  const details = {
    isUpdate: leftToBegin === undefined,
    delta: leftToBegin ?? 0,
    operation: operationOf(change),
    ...(length === undefined ? {} : { length }),
  };
  const entry = new WatchEntry(key, value, revision, expiresAt, details);
  if (codecs === noOptions) return entry;
  const decoded = entry.decodedWith(codecs);
  return new WatchEntry(key, value, revision, expiresAt, { ...details, decoded });
}

/** An expiry is told as NATS tells it. */
function operationOf({ operation }: WatchedChange): EntryOperation {
  if (operation === changeOperation.put) return "PUT";
  return operation === changeOperation.delete ? "DEL" : "PURGE";
}

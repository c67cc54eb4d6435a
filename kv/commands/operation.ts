/**
 * Operations as a client asks for them and a replica executes them. A value is a window onto the bytes it came
 * in (a log entry at the replica, the user's array at the client), so that nobody copies it.
 */
import type { RefusalCode } from "../refusal.ts";
import type { Revision } from "../revision.ts";
import type { InternalKey } from "../state-reader.ts";

/** Numbers on the wire; a number is never given another meaning. */
export const operationKind = {
  put: 1,
  delete: 2,
  increment: 3,
  deleteRange: 4,
  transaction: 5,
  get: 6,
  range: 7,
  changes: 8,
} as const;

/** What a conditional write expects of the key: a revision, `absent`, or nothing. */
export type Expectation = Revision;
export const expectNothing = -1;
/** A key that does not exist; whoever puts with this expectation creates it. */
export const absent = 0;

export interface Put {
  readonly kind: typeof operationKind.put;
  readonly key: InternalKey;
  readonly source: Uint8Array;
  readonly start: number;
  readonly end: number;
  /** 0 = the key does not expire. */
  readonly ttlMs: number;
  readonly expectation: Expectation;
}

export interface Delete {
  readonly kind: typeof operationKind.delete;
  readonly key: InternalKey;
  readonly expectation: Expectation;
  /** What the key held before is not told any more by changes; also of a key that was deleted earlier. */
  readonly purge?: boolean;
}

/** Adds to an integer kept as decimal text; an absent key counts as 0. A key's expiry stays as it is. */
export interface Increment {
  readonly kind: typeof operationKind.increment;
  readonly key: InternalKey;
  readonly delta: number;
}

/** `[start, end)`; an undefined end is the end of all keys. */
export interface KeyRange {
  readonly start: InternalKey;
  readonly end: InternalKey | undefined;
}

/** Where a page of a range begins and how long it may be. */
export interface RangePage extends KeyRange {
  /** Rows wanted; 0 or more than a page holds = as many as a page holds. */
  readonly limit: number;
  /** The last key of the page before; the page continues behind it (before it, when reversed). */
  readonly cursor: InternalKey | undefined;
}

/** Removes one page of keys as one atomic unit; the client goes on from the cursor in the result. */
export interface DeleteRange extends RangePage {
  readonly kind: typeof operationKind.deleteRange;
}

export interface Get {
  readonly kind: typeof operationKind.get;
  readonly key: InternalKey;
  /** The revision to read at; `newest` for the state as it is. */
  readonly at: Revision;
  /** A key that was removed is answered with its tombstone, while that is kept. */
  readonly tombstoneToo?: boolean;
}

export interface Range extends RangePage {
  readonly kind: typeof operationKind.range;
  readonly reverse: boolean;
  readonly keysOnly: boolean;
  readonly at: Revision;
}

/** Where a page of changes ended, which may be between two versions of one key. */
export interface ChangesCursor {
  readonly key: InternalKey;
  /** Versions of the key from this revision on have been looked at; 0 = all of them. */
  readonly below: Revision;
}

/** Every version with `since < revision <= until` of the keys in the range, by key and newest first within a key. */
export interface Changes extends KeyRange {
  readonly kind: typeof operationKind.changes;
  readonly since: Revision;
  /** `newest` for everything applied so far. */
  readonly until: Revision;
  /** Rows wanted; 0 or more than a page holds = as many as a page holds. */
  readonly limit: number;
  /** Answer with what is left where history from `since` on is not kept completely, in place of `TOO_OLD`. */
  readonly incompleteToo: boolean;
  readonly keysOnly: boolean;
  /** Of each key only the newest version at or below `until`. */
  readonly newestOnly: boolean;
  readonly cursor: ChangesCursor | undefined;
}

export const checkKind = { revision: 0, exists: 1, unchanged: 2 } as const;

/** The key's newest revision is this one; `absent` = the key does not exist. */
export interface RevisionCheck {
  readonly kind: typeof checkKind.revision;
  readonly key: InternalKey;
  readonly revision: Revision;
}

export interface ExistsCheck {
  readonly kind: typeof checkKind.exists;
  readonly key: InternalKey;
}

/** No key of the range was written or removed after revision `since`. */
export interface UnchangedCheck extends KeyRange {
  readonly kind: typeof checkKind.unchanged;
  readonly since: Revision;
}

export type Check = RevisionCheck | ExistsCheck | UnchangedCheck;

/**
 * All or nothing, as one atomic unit. Checks, expectations, increments and gets see the state before the
 * transaction; its writes take effect together, each key written at most once.
 */
export interface Transaction {
  readonly kind: typeof operationKind.transaction;
  readonly checks: readonly Check[];
  readonly operations: readonly TransactionOperation[];
}

/** Stands in for an operation that is well-formed but breaks a limit: it alone fails, not its frame. */
export interface Refused {
  readonly kind: 0;
  readonly code: RefusalCode;
  /** Which check or operation of a transaction was at fault; -1 = not inside a transaction. */
  readonly position: number;
}

export type TransactionOperation = Put | Delete | Increment | Get;
export type WriteOperation = Put | Delete | Increment | DeleteRange | Transaction | Refused;
export type ReadOperation = Get | Range | Changes | Refused;

/** The errors a program is likely to handle, one class per failure. All others are plain `SynodError`s. */
import { byteStringOf } from "../infra/codec/key-text.ts";
import { regionBoundText } from "../infra/codec/region-bound.ts";
import type { Outcome } from "../infra/errors/error-table.ts";
import { SynodError } from "../infra/errors/synod-error.ts";
import { bucketSeparator } from "../kv/internal-key.ts";

/**
 * A condition did not hold: the key has another revision than expected, exists although it must not, or a range that a
 * transaction read has changed. Nothing was written. Code `CONFLICT`.
 */
export class ConflictError extends SynodError {
  override readonly name = "ConflictError";
  /** The key's bucket. */
  readonly bucket: string;
  /** The key, or the start of the range. */
  readonly key: string;
  /** 0 = the key had to be absent; undefined where no single revision was expected. */
  readonly expectedRevision: number | undefined;
  /** The key's revision when the operation was decided; 0 = there was no such key. */
  readonly actualRevision: number;

  constructor(
    message: string,
    details: {
      readonly bucket: string;
      readonly key: string;
      readonly expectedRevision: number | undefined;
      readonly actualRevision: number;
    },
  ) {
    super("CONFLICT", message);
    this.bucket = details.bucket;
    this.key = details.key;
    this.expectedRevision = details.expectedRevision;
    this.actualRevision = details.actualRevision;
  }
}

/**
 * No answer came in time. `outcome` tells whether the operation may have been executed: a read, and a write that was
 * never sent or of which every attempt was refused, certainly were not. Code `TIMEOUT`.
 */
export class TimeoutError extends SynodError {
  override readonly name = "TimeoutError";
  /** How long it was waited. */
  readonly timeoutMs: number;

  constructor(message: string, timeoutMs: number, outcome: Outcome) {
    const certain = outcome === "not executed";
    super("TIMEOUT", message, {
      outcome,
      retryable: certain,
      nextStep: certain ? "Try again, or allow more time." : "Read the keys back, or wait longer.",
    });
    this.timeoutMs = timeoutMs;
  }
}

/** The caller's `AbortSignal` fired; `cause` is its reason. `outcome` as with `TimeoutError`. Code `ABORTED`. */
export class AbortedError extends SynodError {
  override readonly name = "AbortedError";

  constructor(message: string, reason: unknown, outcome: Outcome) {
    super("ABORTED", message, { outcome, cause: reason });
  }
}

/** A key of a transaction and the store group that owns it. */
export interface KeyOwner {
  /** The key's bucket. */
  readonly bucket: string;
  /** As text. */
  readonly key: string;
  /** The store group that owns it. */
  readonly group: string;
}

/**
 * A transaction's keys lie in more than one store group, which is not possible yet. Nothing was written.
 * Code `CROSS_GROUP_TRANSACTION`.
 */
export class CrossGroupTransactionError extends SynodError {
  override readonly name = "CrossGroupTransactionError";
  /** At least two keys of different groups. */
  readonly keys: readonly KeyOwner[];

  constructor(keys: readonly KeyOwner[]) {
    const places = keys.map(({ bucket, key, group }) => {
      return `${regionBoundText(`${bucket}${bucketSeparator}${byteStringOf(key)}`)} is in ${group}`;
    });
    super("CROSS_GROUP_TRANSACTION", `the transaction spans store groups: ${places.join(", ")}`);
    this.keys = keys;
  }
}

/** What became of one part of an operation that was carried out in several. */
export interface PartOutcome<Done> {
  /** The store group that the part belongs to. */
  readonly group: string;
  /** The part's keys as text, in the order in which they were given; empty for operations on a range. */
  readonly keys: readonly string[];
  /** Undefined where nothing of a failed part was done. */
  readonly done: Done | undefined;
  /** Undefined when the part succeeded. */
  readonly failure: SynodError | undefined;
}

/**
 * An operation over several store groups, or too large for one unit, succeeded in part. Code `PARTIAL_FAILURE`;
 * `outcome` is `unknown` when that of any failed part is.
 */
export class PartialFailureError<Done> extends SynodError {
  override readonly name = "PartialFailureError";
  /** Every part, those that succeeded included. */
  readonly parts: readonly PartOutcome<Done>[];

  constructor(message: string, parts: readonly PartOutcome<Done>[]) {
    const failures = parts.flatMap(({ failure }) => failure ?? []);
    const uncertain = failures.some(({ outcome }) => outcome === "unknown");
    super("PARTIAL_FAILURE", message, {
      outcome: uncertain ? "unknown" : "not executed",
      cause: failures[0],
    });
    this.parts = parts;
  }
}

/**
 * A watch was behind for longer than history is kept: what changed in one store group since `revision` cannot be told
 * any more. Nothing before is missing. Code `WATCH_GAP`.
 *
 * `cursor` says how to go on: a watch that begins there tells the newest value of every key of that group, then what
 * changes, and goes on in other groups where this one was. Keys that were removed meanwhile are not told of.
 */
export class WatchGapError extends SynodError {
  override readonly name = "WatchGapError";
  /** The store group whose history is gone. */
  readonly group: string;
  /** Every change of the group up to it was handed over. */
  readonly revision: number;
  /** Where another watch goes on. */
  readonly cursor: string;

  constructor(group: string, revision: number, cursor: string, cause: unknown) {
    const claim = `what changed in group ${group} after revision ${revision} is no longer kept`;
    super("WATCH_GAP", claim, { cause });
    this.group = group;
    this.revision = revision;
    this.cursor = cursor;
  }
}

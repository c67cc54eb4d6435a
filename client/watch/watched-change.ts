/** One change of one key as a watch keeps it, until its consumer takes it. */
import { changeOperation, type Change, type ChangeOperation } from "../../kv/change.ts";
import type { Revision } from "../../kv/revision.ts";
import type { Cell, InternalKey } from "../../kv/state-reader.ts";
import { tombstoneReason, versionKind, type TombstoneReason } from "../../kv/version.ts";

export interface WatchedChange {
  readonly key: InternalKey;
  readonly revision: Revision;
  readonly operation: ChangeOperation;
  /** 0 = it stays. */
  readonly expiresAt: Revision;
  /** Shared by all watches of a client: nobody writes to it. Empty for a removal, and where only keys are wanted. */
  readonly value: Uint8Array;
  /** How many bytes a value has that is not wanted; undefined = it is here. */
  readonly bytesLeftOut?: number;
}

const noBytes = new Uint8Array(0);
/** What holding a change costs beside its key and value, roughly. */
const overheadBytes = 128;

export function bytesOf({ key, value }: WatchedChange): number {
  return key.length + value.length + overheadBytes;
}

/** A copy: the row's value is a window onto a message that is lent. */
export function changeOfRow({ key, version }: Cell): WatchedChange {
  const { revision, expiresAt, kind, source, start, end, bytesLeftOut } = version;
  if (kind === versionKind.tombstone) {
    const operation = removals[expiresAt as TombstoneReason] ?? changeOperation.delete;
    return { key, revision, operation, expiresAt: 0, value: noBytes };
  }
  const operation = changeOperation.put;
  if (bytesLeftOut !== undefined) {
    return { key, revision, operation, expiresAt, value: noBytes, bytesLeftOut };
  }
  return { key, revision, operation, expiresAt, value: copied(source, start, end) };
}

const removals: { readonly [Reason in TombstoneReason]: ChangeOperation | undefined } = {
  [tombstoneReason.deleted]: changeOperation.delete,
  [tombstoneReason.purged]: changeOperation.purge,
  [tombstoneReason.expired]: changeOperation.expire,
};

/** A copy, as of a row. */
export function changeOfFeed(change: Change): WatchedChange {
  const { key, revision, operation, expiresAt, source, start, end } = change;
  return { key, revision, operation, expiresAt, value: copied(source, start, end) };
}

export function withoutValue(change: WatchedChange): WatchedChange {
  const { operation, value } = change;
  if (operation !== changeOperation.put || change.bytesLeftOut !== undefined) return change;
  return { ...change, value: noBytes, bytesLeftOut: value.length };
}

/** Never a Buffer, whose methods behave differently, wherever the message came from. */
function copied(source: Uint8Array, start: number, end: number): Uint8Array {
  if (start === end) return noBytes;
  const value = new Uint8Array(end - start);
  value.set(source.subarray(start, end));
  return value;
}

/** In order of revisions; changes of one atomic unit, which share theirs, stay in the order in which they came. */
export function sortByRevision(changes: WatchedChange[]): WatchedChange[] {
  return changes.sort((left, right) => left.revision - right.revision);
}

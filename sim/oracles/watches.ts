/**
 * What watches told, held against the log: every change from where a watch began to how far it came, in order of
 * revisions within a group, once, and nothing else.
 */
import type { WatchedChange } from "../../client/watch/watched-change.ts";
import { changeOperation, type Change } from "../../kv/change.ts";
import type { Revision } from "../../kv/revision.ts";
import type { InternalKey } from "../../kv/state-reader.ts";
import { Violation } from "../violation.ts";
import type { WatchRecord } from "../workload/watch-record.ts";

/** `changes` is what applying the group's whole log does, in order. */
export function checkWatch(
  record: WatchRecord,
  group: string,
  changes: readonly Change[],
  owns: (key: InternalKey) => boolean,
): void {
  const whose = `${record.client} in ${group}`;
  const last = record.through.get(group) ?? 0;
  const own = record.changes.filter(({ key }) => owns(key));
  if (!record.withCurrent) return compare(whose, own, writtenBetween(changes, 0, last));
  // Where the values it began with end is not told group by group: changes of one group may come before the values of
  // another, which was slower to answer. So every place up to the one where all had come is tried.
  const { initialCount = record.changes.length } = record;
  const latest = record.changes.slice(0, initialCount).filter(({ key }) => owns(key)).length;
  const keys = new Set<InternalKey>();
  for (const [count, { key }] of own.slice(0, latest).entries()) {
    if (isTrueFrom(own, count, changes, last)) return;
    // Of each key there is one value.
    if (keys.has(key)) break;
    keys.add(key);
  }
  compareFrom(whose, own, latest, changes, last);
}

/** The first `count` are the values that the watch began with, and what follows is all that changed since. */
function compareFrom(
  whose: string,
  own: readonly WatchedChange[],
  count: number,
  changes: readonly Change[],
  last: Revision,
): void {
  // Between the moment it began at and the first change that was told nothing changed, or it would have been told.
  const begunAt = (own[count]?.revision ?? last + 1) - 1;
  compare(whose, own.slice(0, count), valuesAt(changes, begunAt));
  compare(whose, own.slice(count), writtenBetween(changes, begunAt, last));
}

function isTrueFrom(
  own: readonly WatchedChange[],
  count: number,
  changes: readonly Change[],
  last: Revision,
): boolean {
  try {
    compareFrom("", own, count, changes, last);
    return true;
  } catch (failure) {
    if (failure instanceof Violation) return false;
    throw failure;
  }
}

function writtenBetween(
  changes: readonly Change[],
  since: Revision,
  until: Revision,
): WatchedChange[] {
  return changes.filter(({ revision }) => revision > since && revision <= until).map(watched);
}

function compare(
  whose: string,
  told: readonly WatchedChange[],
  written: readonly WatchedChange[],
): void {
  const expected = inUnits(written);
  for (const [at, change] of inUnits(told).entries()) {
    const text = textOf(change);
    const other = expected[at];
    if (other !== undefined && text === textOf(other)) continue;
    const says = other === undefined ? "nothing more" : textOf(other);
    const claim = `${whose} was told ${text} as change ${at + 1}, the log says ${says}`;
    throw new Violation("watches tell what the log says", claim);
  }
  const missing = expected[told.length];
  if (missing === undefined) return;
  const claim = `${whose} was told ${told.length} changes of ${expected.length}; the first it was not is ${textOf(missing)}`;
  throw new Violation("watches tell what the log says", claim);
}

/** In the order in which they came; of one atomic unit, which has no order, by key. */
function inUnits(changes: readonly WatchedChange[]): WatchedChange[] {
  const sorted: WatchedChange[] = [];
  let unit: WatchedChange[] = [];
  const endUnit = (): void => {
    sorted.push(...unit.toSorted((left, right) => (left.key < right.key ? -1 : 1)));
    unit = [];
  };
  for (const change of changes) {
    if (unit[0] !== undefined && unit[0].revision !== change.revision) endUnit();
    unit.push(change);
  }
  endUnit();
  return sorted;
}

/** What keys hold at the revision, in order of revisions. */
function valuesAt(changes: readonly Change[], at: Revision): WatchedChange[] {
  const newest = new Map<InternalKey, Change>();
  for (const change of changes) if (change.revision <= at) newest.set(change.key, change);
  return [...newest.values()]
    .filter(({ operation }) => operation === changeOperation.put)
    .toSorted((left, right) => left.revision - right.revision)
    .map(watched);
}

function watched({ source, start, end, ...change }: Change): WatchedChange {
  return { ...change, value: source.subarray(start, end) };
}

function textOf({ key, revision, operation, expiresAt, value }: WatchedChange): string {
  const name = key.slice(key.indexOf("\0") + 1);
  return `${revision} ${operation} ${name} ${Buffer.from(value).toString()} ${expiresAt}`;
}

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
  const { client, through, withCurrent } = record;
  const last = through.get(group) ?? 0;
  const initialCount = withCurrent ? (record.initialCount ?? record.changes.length) : 0;
  const initial = record.changes.slice(0, initialCount).filter(({ key }) => owns(key));
  const told = record.changes.slice(initialCount).filter(({ key }) => owns(key));
  const firstTold = told[0]?.revision ?? last + 1;
  // Between the moment it began at and the first change that was told nothing changed, or it would have been told.
  const begunAt = withCurrent ? firstTold - 1 : 0;
  if (withCurrent) {
    compare(`${client} in ${group}`, initial, valuesAt(changes, begunAt));
  }
  const written = changes.filter(({ revision }) => revision > begunAt && revision <= last);
  compare(`${client} in ${group}`, told, written.map(watched));
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

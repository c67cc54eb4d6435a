/**
 * What watches told, held against the log: every change from where a watch began to how far it came, in order of
 * revisions within a group, once, and nothing else.
 */
import type { WatchedChange } from "../../client/watch/watched-change.ts";
import { changeOperation, type Change } from "../../kv/change.ts";
import type { Revision } from "../../kv/revision.ts";
import type { InternalKey } from "../../kv/state-reader.ts";
import { sameEntry } from "../../machines/record.ts";
import { Violation } from "../violation.ts";
import type { WatchRecord } from "../workload/watch-record.ts";

/** `everyChange` is what applying the group's whole log does, in order. */
export function checkWatch(
  record: WatchRecord,
  group: string,
  everyChange: readonly Change[],
  owns: (key: InternalKey) => boolean,
): void {
  const { start, end } = record.range;
  const changes = everyChange.filter(({ key }) => key >= start && (end === undefined || key < end));
  const whose = `${record.client} in ${group}`;
  const last = record.through.get(group) ?? 0;
  const own = record.changes.filter(({ key }) => owns(key));
  if (!record.withCurrent) return compare(whose, own, writtenBetween(changes, 0, last));
  // Where the values it began with end is not told group by group: changes of one group may come before the values of
  // another, which was slower to answer. So every place up to the one where all had come is tried.
  const { initialCount = record.changes.length } = record;
  const latest = record.changes.slice(0, initialCount).filter(({ key }) => owns(key)).length;
  const values = new Values(changes);
  for (let count = 0; count < latest; count++) {
    const next = own[count]?.revision ?? 0;
    // Values come in order of revisions, and so do the changes behind them.
    if (count > 0 && next < (own[count - 1]?.revision ?? 0)) break;
    values.moveTo(next - 1);
    if (values.count === count && isTrueFrom(own, count, changes, last)) return;
  }
  compareFrom(whose, own, latest, changes, last);
}

/** How many keys hold a value, as revisions go on. */
class Values {
  readonly #changes: readonly Change[];
  readonly #held = new Set<InternalKey>();
  #next = 0;

  constructor(changes: readonly Change[]) {
    this.#changes = changes;
  }

  get count(): number {
    return this.#held.size;
  }

  moveTo(at: Revision): void {
    for (;;) {
      const change = this.#changes[this.#next];
      if (change === undefined || change.revision > at) return;
      if (change.operation === changeOperation.put) this.#held.add(change.key);
      else this.#held.delete(change.key);
      this.#next += 1;
    }
  }
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
    const other = expected[at];
    if (other !== undefined && isSame(change, other)) continue;
    const says = other === undefined ? "nothing more" : textOf(other);
    const claim = `${whose} was told ${textOf(change)} as change ${at + 1}, the log says ${says}`;
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

function isSame(one: WatchedChange, other: WatchedChange): boolean {
  return (
    one.revision === other.revision &&
    one.key === other.key &&
    one.operation === other.operation &&
    one.expiresAt === other.expiresAt &&
    sameEntry(one.value, other.value)
  );
}

function textOf({ key, revision, operation, expiresAt, value }: WatchedChange): string {
  const name = key.slice(key.indexOf("\0") + 1);
  return `${revision} ${operation} ${name} ${Buffer.from(value).toString()} ${expiresAt}`;
}

/** Ranges of keys, cut and joined. An undefined end is the end of all keys. */
import type { KeyRange } from "../../kv/commands/operation.ts";
import type { InternalKey } from "../../kv/state-reader.ts";

type Bound = InternalKey | undefined;

export function isEmptyRange({ start, end }: KeyRange): boolean {
  return end !== undefined && end <= start;
}

export function inRange({ start, end }: KeyRange, key: InternalKey): boolean {
  return key >= start && (end === undefined || key < end);
}

/** In order, none empty, none touching another. */
export function joined(ranges: readonly KeyRange[]): KeyRange[] {
  const sorted = ranges
    .filter((range) => !isEmptyRange(range))
    .toSorted((left, right) => (left.start < right.start ? -1 : 1));
  const result: { start: InternalKey; end: Bound }[] = [];
  for (const { start, end } of sorted) {
    const last = result.at(-1);
    if (last === undefined || (last.end !== undefined && last.end < start)) {
      result.push({ start, end });
    } else if (last.end !== undefined && (end === undefined || end > last.end)) {
      last.end = end;
    }
  }
  return result;
}

/** What both have; undefined when that is nothing. */
export function common(one: KeyRange, other: KeyRange): KeyRange | undefined {
  const start = one.start > other.start ? one.start : other.start;
  const range = { start, end: earlierEnd(one.end, other.end) };
  return isEmptyRange(range) ? undefined : range;
}

/** Whether the parts, which are in order, leave nothing of the range out. */
export function coversAll(range: KeyRange, parts: readonly KeyRange[]): boolean {
  let at: Bound = range.start;
  for (const { start, end } of parts) {
    if (at === undefined || start > at) return false;
    at = end;
  }
  return at === undefined || (range.end !== undefined && at >= range.end);
}

function earlierEnd(one: Bound, other: Bound): Bound {
  if (one === undefined) return other;
  return other !== undefined && other < one ? other : one;
}

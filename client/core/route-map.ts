/** Which group owns which key, by one version of the routing table. */
import type { Route } from "../../infra/codec/route-codec.ts";
import type { KeyRange } from "../../kv/commands/operation.ts";
import type { InternalKey } from "../../kv/state-reader.ts";

export type Region = Route["regions"][number];

/** A range that one group owns as a whole. */
export interface Span extends KeyRange {
  readonly group: string;
}

export class RouteMap {
  readonly clusterId: string;
  readonly version: number;
  /** By start. */
  readonly regions: readonly Region[];
  /** The region that held the last key asked for: neighbours in time are mostly neighbours in the key space. */
  #recent: Region | undefined;

  constructor({ clusterId, version, regions }: Pick<Route, "clusterId" | "version" | "regions">) {
    this.clusterId = clusterId;
    this.version = version;
    this.regions = regions.toSorted((left, right) => (left.start < right.start ? -1 : 1));
  }

  /** Undefined when no region holds the key. */
  groupOf(key: InternalKey): string | undefined {
    const recent = this.#recent;
    if (recent !== undefined && holds(recent, key)) return recent.group;
    const region = this.regions[this.#lastStartingAtOrBefore(key)];
    if (region === undefined || !holds(region, key)) return undefined;
    this.#recent = region;
    return region.group;
  }

  /** The first part of the range that one group owns without a gap. */
  firstSpan({ start, end }: KeyRange): Span | undefined {
    let at = this.#lastStartingAtOrBefore(start);
    const first = this.regions[at];
    if (first === undefined || !holds(first, start)) return undefined;
    let last = first;
    while (!reaches(last, end)) {
      const next = this.regions[++at];
      if (next === undefined || next.start !== last.end || next.group !== first.group) break;
      last = next;
    }
    return { group: first.group, start, end: lower(last.end, end) };
  }

  /** The last part of the range, which must not be empty, that one group owns without a gap. */
  lastSpan({ start, end }: KeyRange): Span | undefined {
    let at = end === undefined ? this.regions.length - 1 : this.#lastStartingBefore(end);
    const last = this.regions[at];
    if (last === undefined || !reaches(last, end)) return undefined;
    let first = last;
    while (first.start > start) {
      const previous = this.regions[--at];
      if (previous?.end !== first.start || previous.group !== last.group) break;
      first = previous;
    }
    return { group: last.group, start: first.start > start ? first.start : start, end };
  }

  #lastStartingAtOrBefore(key: InternalKey): number {
    let low = 0;
    let high = this.regions.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.regions[middle] as Region).start <= key) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }

  #lastStartingBefore(key: InternalKey): number {
    const at = this.#lastStartingAtOrBefore(key);
    return this.regions[at]?.start === key ? at - 1 : at;
  }
}

function holds({ start, end }: Region, key: InternalKey): boolean {
  return key >= start && (end === undefined || key < end);
}

/** Whether the region goes up to `end` or beyond. */
function reaches(region: Region, end: InternalKey | undefined): boolean {
  if (region.end === undefined) return true;
  return end !== undefined && end <= region.end;
}

function lower(one: InternalKey | undefined, other: InternalKey | undefined): typeof one {
  if (one === undefined) return other;
  if (other === undefined) return one;
  return one < other ? one : other;
}

/** Which keys this group owns, as of the applied log. */
import type { InternalKey } from "../state-reader.ts";

export interface Region {
  readonly id: number;
  /** Raised by every command that changes the region's bounds or owner. */
  readonly version: number;
  readonly start: InternalKey;
  /** Undefined = to the end of all keys. */
  readonly end: InternalKey | undefined;
}

export class Regions {
  /** By start, never overlapping. */
  readonly #owned: readonly Region[];
  /** The region that held the last key asked for: neighbours in a frame are mostly neighbours in the key space. */
  #recent: Region | undefined;

  constructor(owned: readonly Region[]) {
    this.#owned = owned.toSorted((left, right) => (left.start < right.start ? -1 : 1));
    this.#recent = this.#owned[0];
  }

  get owned(): readonly Region[] {
    return this.#owned;
  }

  owns(key: InternalKey): boolean {
    const recent = this.#recent;
    if (recent !== undefined && holds(recent, key)) return true;
    const region = this.#regionOf(key);
    if (region === undefined) return false;
    this.#recent = region;
    return true;
  }

  /** Whether every key in `[start, end)` is owned, by one region or by several that touch. */
  ownsRange(start: InternalKey, end: InternalKey | undefined): boolean {
    if (end !== undefined && end <= start) return this.owns(start);
    for (let at = start; ;) {
      const region = this.#regionOf(at);
      if (region === undefined) return false;
      if (region.end === undefined) return true;
      if (end !== undefined && end <= region.end) return true;
      at = region.end;
    }
  }

  /** Where the owned keys that begin with `start` end; undefined = `start` is not owned. */
  extentFrom(start: InternalKey): { readonly end: InternalKey | undefined } | undefined {
    let region = this.#regionOf(start);
    if (region === undefined) return undefined;
    for (;;) {
      const end: InternalKey | undefined = region.end;
      const next: Region | undefined = end === undefined ? undefined : this.#regionOf(end);
      if (next === undefined) return { end };
      region = next;
    }
  }

  /** Where the owned keys that end directly below `end` begin; undefined = the last key below `end` is not owned. */
  extentBefore(end: InternalKey): InternalKey | undefined {
    let start: InternalKey | undefined;
    for (const region of this.#owned.toReversed()) {
      const bound: InternalKey = start ?? end;
      if (region.start >= bound) continue;
      if (region.end !== undefined && region.end < bound) break;
      start = region.start;
    }
    return start;
  }

  #regionOf(key: InternalKey): Region | undefined {
    let low = 0;
    let high = this.#owned.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const region = this.#owned[middle];
      if (region !== undefined && region.start <= key) low = middle + 1;
      else high = middle;
    }
    const region = this.#owned[low - 1];
    return region !== undefined && holds(region, key) ? region : undefined;
  }
}

function holds(region: Region, key: InternalKey): boolean {
  return key >= region.start && (region.end === undefined || key < region.end);
}

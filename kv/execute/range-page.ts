/** How many rows a page of a range may have, and what each takes up. */
import { pageRowsMax } from "../limits.ts";
import type { InternalKey } from "../state-reader.ts";
import type { Version } from "../version.ts";

const noBytes = new Uint8Array(0);

/** 0 asks for as many as a page holds. */
export function rowsWanted(limit: number): number {
  return limit === 0 ? pageRowsMax : Math.min(limit, pageRowsMax);
}

export function rowBytes(key: InternalKey, version: Version, keysOnly: boolean): number {
  return key.length + (keysOnly ? 0 : version.end - version.start);
}

export function withoutValue(version: Version): Version {
  return {
    ...version,
    source: noBytes,
    start: 0,
    end: 0,
    bytesLeftOut: version.end - version.start,
  };
}

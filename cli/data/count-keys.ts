/** How many keys a range has, as far as counting them is cheap. */
import type { Bucket } from "../../client/bucket.ts";
import type { Bounds } from "../../client/range-scan.ts";
import { countText } from "../output/quantities.ts";

/** Ten pages: a moment's work for a node. */
const countedMax = 10_000;

export interface KeyCount {
  readonly count: number;
  /** There are more, which were not counted. */
  readonly isMore: boolean;
}

export async function countKeys(bucket: Bucket, bounds: Bounds): Promise<KeyCount> {
  let count = 0;
  const query = { ...bounds, keysOnly: true, limit: countedMax + 1 };
  for await (const { entries } of bucket.range(query).pages()) count += entries.length;
  return { count: Math.min(count, countedMax), isMore: count > countedMax };
}

export function keyCountText({ count, isMore }: KeyCount): string {
  const number = countText(count);
  return isMore ? `more than ${number} keys` : `${number} ${count === 1 ? "key" : "keys"}`;
}

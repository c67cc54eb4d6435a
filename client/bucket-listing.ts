/** Which buckets there are: those that hold a key. */
import { bucketSeparator } from "../kv/internal-key.ts";
import { newest } from "../kv/revision.ts";
import type { InternalKey } from "../kv/state-reader.ts";
import type { Caller } from "./caller.ts";
import { linearizable } from "./core/freshness.ts";
import type { CallOptions } from "./options.ts";
import { readPage } from "./range-scan.ts";

/** In byte order. Goes from the first key of one bucket to the first behind its last: one page for each bucket. */
export async function bucketNames(caller: Caller, options: CallOptions): Promise<string[]> {
  const names: string[] = [];
  const form = { reverse: false, keysOnly: true };
  for (let start: InternalKey | undefined = ""; start !== undefined;) {
    const range = { start, end: undefined };
    const page = await readPage(caller, range, 1, form, newest, linearizable, options);
    const bucket = page.entries[0]?.bucket;
    if (bucket === undefined) start = page.rest;
    else {
      names.push(bucket);
      start = bucket + String.fromCharCode(bucketSeparator.charCodeAt(0) + 1);
    }
  }
  return names;
}

/** From what a caller wants to know to a watch that tells it. */
import type { KeyRange } from "../../kv/commands/operation.ts";
import type { Revision } from "../../kv/revision.ts";
import type { Caller } from "../caller.ts";
import { badRequest, timeoutMsOf, wholeNumber, type CallOptions } from "../options.ts";
import { continuedAt, parseCursor } from "./cursor.ts";
import type { KeyFilter } from "./key-filter.ts";
import { joined } from "./key-ranges.ts";
import type { Stretch } from "./strand.ts";
import { Watch, type ConvertChange, type WatchCallbacks } from "./watch.ts";

/**
 * Where a watch begins: with the newest value of every key; with nothing but what changes from now on; with every version
 * that is kept; behind a revision, in every store group; or where another watch of these keys was.
 */
export type WatchFrom =
  "current" | "now" | "history" | { readonly revision: Revision } | { readonly cursor: string };

export interface WatchQuery extends WatchCallbacks, CallOptions {
  /** Ranges of internal keys; they may overlap. */
  readonly ranges: readonly KeyRange[];
  /** Which keys of the ranges; all of them unless given. */
  readonly filter?: KeyFilter | undefined;
  readonly from: WatchFrom;
  /** Leaves the values out. */
  readonly keysOnly?: boolean;
  readonly ignoreDeletes?: boolean;
  /** Current values include keys that are gone, as long as a tombstone tells of them. */
  readonly tombstonesToo?: boolean;
}

/**
 * Resolves when the store has answered: whatever is written from then on is handed out. `timeoutMs` is for that alone. An
 * aborted `signal` ends the watch at any time.
 */
export async function openWatch<Event>(
  caller: Caller,
  query: WatchQuery,
  convert: ConvertChange<Event>,
): Promise<Watch<Event>> {
  const { filter, keysOnly = false, ignoreDeletes = false, tombstonesToo = false } = query;
  if (typeof keysOnly !== "boolean") throw badRequest("keysOnly is no boolean");
  if (typeof ignoreDeletes !== "boolean") throw badRequest("ignoreDeletes is no boolean");
  for (const name of ["onInitialized", "onProgress", "onStatus"] as const) {
    const callback: unknown = query[name];
    if (callback !== undefined && typeof callback !== "function") {
      throw badRequest(`${name} is no function`);
    }
  }
  const stretches = stretchesOf(caller, query);
  const form = { filter, keysOnly, ignoreDeletes, tombstonesToo, countsDown: true };
  const request = { stretches, ...form };
  const limitMs = timeoutMsOf(query.timeoutMs ?? caller.timeoutMs);
  const watch = new Watch(caller, { ...query, request, convert });
  return watch.opened(caller, limitMs);
}

function stretchesOf({ core }: Caller, { ranges, from }: WatchQuery): readonly Stretch[] {
  const apart = joined(ranges);
  if (typeof from === "string") {
    return apart.map((range) => ({ range, beginning: { kind: from } }));
  }
  if ("cursor" in from) return continuedAt(apart, parseCursor(core.routes?.clusterId, from.cursor));
  const revision = wholeNumber("the revision to begin behind", from.revision, 0);
  return apart.map((range) => ({ range, beginning: { kind: "after", revision } }));
}

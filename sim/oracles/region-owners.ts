/**
 * Every key has exactly one owner: the regions that groups own, as applied, touch each other and never overlap, and a
 * group changes no other keys than its own.
 */
import type { Change } from "../../kv/change.ts";
import type { Region } from "../../kv/state/regions.ts";
import type { InternalKey } from "../../kv/state-reader.ts";
import { Violation } from "../violation.ts";

const check = "every key has one owner";

/** `owned`: by group. Throws a `Violation` when a key has no owner, or two. */
export function checkOwners(owned: ReadonlyMap<string, readonly Region[]>): void {
  const regions = [...owned].flatMap(([group, own]) => own.map((region) => ({ group, region })));
  const sorted = regions.toSorted((left, right) =>
    left.region.start < right.region.start ? -1 : 1,
  );
  let end: string | undefined = "";
  for (const { group, region } of sorted) {
    if (end === undefined || region.start !== end) {
      const before = end === undefined ? "the end" : JSON.stringify(end);
      const text = `${group} owns keys from ${JSON.stringify(region.start)}, those before it end at ${before}`;
      throw new Violation(check, text);
    }
    end = region.end;
  }
  if (end !== undefined) throw new Violation(check, `nobody owns ${JSON.stringify(end)}`);
}

/** `changes`: all that applying the group's log does. */
export function checkChangesOwned(
  group: string,
  changes: readonly Change[],
  owns: (key: InternalKey) => boolean,
): void {
  for (const { key, revision } of changes) {
    if (owns(key)) continue;
    const text = `${group} changed ${JSON.stringify(key)} at revision ${revision}, which it does not own`;
    throw new Violation(check, text);
  }
}

/** Every key has exactly one owner: the regions that groups own, as applied, touch each other and never overlap. */
import type { Region } from "../../kv/state/regions.ts";
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

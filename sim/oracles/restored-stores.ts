/** A store that was copied back was told so, and takes no part whatever became of it since: it may not even restart. */
import { Violation } from "../violation.ts";

export interface MaybeRestored {
  readonly name: string;
  readonly restored: boolean;
  /** Its log was lost for good later: what is there now is another store. */
  readonly lostLog: boolean;
  /** Why it takes no part, as it says itself. */
  readonly barredFor: string | undefined;
}

/** Held against nodes that have had the time to hear from the others. */
export function checkRestoredStores(nodes: Iterable<MaybeRestored>): void {
  for (const { name, restored, lostLog, barredFor } of nodes) {
    if (!restored || lostLog || barredFor !== undefined) continue;
    throw new Violation("a restored store takes no part", `${name} is a member like any other`);
  }
}

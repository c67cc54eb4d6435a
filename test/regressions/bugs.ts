/** The table of bugs that seeds and scenarios find: see docs/testing.md. `npm run bugs:verify` holds it against the commits. */
import { readFileSync } from "node:fs";

export interface Bug {
  /** The commit of the fix; its parent has the bug. */
  readonly fix: string;
  /** What was wrong. */
  readonly what: string;
  /** By which the seed, or the scenario, fails before the fix. */
  readonly check: string;
  /** Of the simulator; without them no seed is known, and the scenario shows it. */
  readonly options?: readonly string[];
  /** The commit whose sim/ is put into both trees; their own unless given. */
  readonly simulator?: string;
  /** Its regression in test/scenarios; as it is now, where it has to show the bug. */
  readonly scenario: string;
}

export const bugs = JSON.parse(
  readFileSync(new URL("bugs.json", import.meta.url), "utf8"),
) as readonly Bug[];

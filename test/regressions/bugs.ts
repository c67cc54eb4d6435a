/** The table of bugs that seeds found: see docs/testing.md. `npm run bugs:verify` holds it against the commits. */
import { readFileSync } from "node:fs";

export interface Bug {
  /** The commit of the fix; its parent has the bug. */
  readonly fix: string;
  /** What was wrong. */
  readonly what: string;
  /** Of the simulator. */
  readonly options: readonly string[];
  /** By which the seed fails before the fix. */
  readonly check: string;
  /** The commit whose sim/ is put into both trees; their own unless given. */
  readonly simulator?: string;
}

export const bugs = JSON.parse(
  readFileSync(new URL("bugs.json", import.meta.url), "utf8"),
) as readonly Bug[];

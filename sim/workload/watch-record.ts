/** What one watching client was told, from where it began, through all of its restarts. */
import type { WatchedChange } from "../../client/watch/watched-change.ts";
import type { KeyRange } from "../../kv/commands/operation.ts";
import type { Revision } from "../../kv/revision.ts";

export interface WatchRecord {
  readonly client: string;
  readonly range: KeyRange;
  /** It began with current values, which are the first of `changes` then; otherwise behind revision 0. */
  readonly withCurrent: boolean;
  /** How many changes had been taken when the values it began with had been; undefined = not all of them were. */
  readonly initialCount: number | undefined;
  readonly changes: readonly WatchedChange[];
  /** By group: it has been told everything up to here. */
  readonly through: ReadonlyMap<string, Revision>;
  readonly restarts: number;
}

/** Reads one page of the versions that were written between two revisions. */
import { operationKind, type Changes, type ChangesCursor } from "../commands/operation.ts";
import {
  failure,
  isFailure,
  type ChangesResult,
  type OperationFailure,
} from "../commands/result.ts";
import { keyAfter } from "../internal-key.ts";
import { changeRowBytesMax, changesCursorBytesMax, pageBytesMax } from "../limits.ts";
import { newest } from "../revision.ts";
import type { AppliedState } from "../state/applied-state.ts";
import type { Cell, HistoryRange } from "../state-reader.ts";
import { isPurge } from "../version.ts";
import type { Budget } from "./budget.ts";
import { rowBytes, rowsWanted, withoutValue } from "./range-page.ts";

export class ChangesReader {
  readonly #state: AppliedState;
  readonly #budget: Budget;

  constructor(state: AppliedState, budget: Budget) {
    this.#state = state;
    this.#budget = budget;
  }

  read(changes: Changes): ChangesResult | OperationFailure {
    const { regions, watermark, lastRevision } = this.#state;
    const { since, until } = changes;
    const range = rangeOf(changes);
    if (!regions.ownsRange(range.start, range.end)) return failure("WRONG_REGION");
    // Below the watermark merges drop versions and tombstones: what was written since then cannot be told.
    if (since < watermark && !changes.incompleteToo) return failure("TOO_OLD");
    if (until !== newest && until > lastRevision.value) return failure("CLOCK_TOO_FAR_AHEAD");
    const budget = this.#budget;
    if (budget.keysLeft === 0 || !budget.takeBytes(changesCursorBytesMax)) {
      return failure("FRAME_TOO_LARGE");
    }
    const result = this.#page(changes, range);
    if (isFailure(result) || result.cursor === undefined) {
      budget.giveBackBytes(changesCursorBytesMax);
    }
    return result;
  }

  #page(changes: Changes, range: HistoryRange): ChangesResult | OperationFailure {
    const { until, keysOnly, newestOnly } = changes;
    const budget = this.#budget;
    const wanted = rowsWanted(changes.limit);
    const rows: Cell[] = [];
    let pageBytes = 0;
    let seen: ChangesCursor | undefined;
    const cursor = this.#state.data.history(range);
    while (cursor.next()) {
      if (rows.length === wanted || !budget.takeKey()) return page(rows, seen);
      const { key, version } = cursor;
      const isWanted = version !== undefined && version.revision <= until;
      if (isWanted) {
        const bytes = rowBytes(key, version, keysOnly);
        if (rows.length > 0 && pageBytes + bytes > pageBytesMax) return page(rows, seen);
        if (!budget.takeBytes(changeRowBytesMax + bytes)) {
          return rows.length > 0 ? page(rows, seen) : failure("FRAME_TOO_LARGE");
        }
        pageBytes += bytes;
        rows.push({ key, version: keysOnly ? withoutValue(version) : version });
      }
      const isLastOfKey = isWanted && (newestOnly || isPurge(version));
      if (isLastOfKey) cursor.skipKey();
      const isKeyDone = version === undefined || isLastOfKey;
      seen = { key, below: isKeyDone ? 0 : version.revision };
    }
    return page(rows, undefined);
  }
}

function page(rows: readonly Cell[], cursor: ChangesCursor | undefined): ChangesResult {
  return { kind: operationKind.changes, rows, cursor };
}

function rangeOf({ start, end, since, until, cursor }: Changes): HistoryRange {
  if (cursor === undefined) return { start, end, below: newest, since, until };
  if (cursor.below === 0) return { start: keyAfter(cursor.key), end, below: newest, since, until };
  return { start: cursor.key, end, below: cursor.below, since, until };
}

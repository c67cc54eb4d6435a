/** Answers read-only operations from applied state, whichever replica it is. */
import { operationKind, type Get, type Range, type ReadOperation } from "../commands/operation.ts";
import {
  failure,
  isFailure,
  type OperationFailure,
  type OperationResult,
  type RangeResult,
} from "../commands/result.ts";
import { keyAfter } from "../internal-key.ts";
import { cursorBytesMax, pageBytesMax, rowBytesMax } from "../limits.ts";
import { newest, type Revision } from "../revision.ts";
import type { RefusalCode } from "../refusal.ts";
import type { AppliedState } from "../state/applied-state.ts";
import type { Cell, InternalKey } from "../state-reader.ts";
import { versionKind } from "../version.ts";
import type { Budget } from "./budget.ts";
import { ChangesReader } from "./changes-reader.ts";
import { rowBytes, rowsWanted, withoutValue } from "./range-page.ts";

export class ReadExecutor {
  readonly #state: AppliedState;
  readonly #budget: Budget;
  readonly #changes: ChangesReader;

  constructor(state: AppliedState, budget: Budget) {
    this.#state = state;
    this.#budget = budget;
    this.#changes = new ChangesReader(state, budget);
  }

  /** `lent`: the values of the result need not outlast the next operation. */
  execute(operation: ReadOperation, lent: boolean): OperationResult {
    if (operation.kind === operationKind.get) return this.#get(operation, lent);
    if (operation.kind === operationKind.range) return this.#range(operation);
    if (operation.kind === operationKind.changes) return this.#changes.read(operation);
    return failure(operation.code, operation.position);
  }

  #get({ key, at, tombstoneToo }: Get, lent: boolean): OperationResult {
    const { regions, data } = this.#state;
    if (!regions.owns(key)) return failure("WRONG_REGION");
    const refused = this.#refuses(at);
    if (refused !== undefined) return failure(refused);
    const found = data.find(key, at, lent);
    const version = found?.kind === versionKind.put || tombstoneToo === true ? found : undefined;
    if (version !== undefined && !this.#budget.takeBytes(version.end - version.start)) {
      return failure("FRAME_TOO_LARGE");
    }
    return { kind: operationKind.get, version };
  }

  #range(range: Range): OperationResult {
    const { cursor, reverse } = range;
    const start = cursor === undefined || reverse ? range.start : keyAfter(cursor);
    const end = cursor !== undefined && reverse ? cursor : range.end;
    if (!this.#state.regions.ownsRange(start, end)) return failure("WRONG_REGION");
    const refused = this.#refuses(range.at);
    if (refused !== undefined) return failure(refused);
    const budget = this.#budget;
    if (budget.keysLeft === 0) return failure("FRAME_TOO_LARGE");
    if (!budget.takeBytes(cursorBytesMax)) return failure("FRAME_TOO_LARGE");
    const result = this.#page(range, start, end);
    if (isFailure(result) || result.cursor === undefined) budget.giveBackBytes(cursorBytesMax);
    else budget.giveBackBytes(cursorBytesMax - result.cursor.length);
    return result;
  }

  #page(
    range: Range,
    start: InternalKey,
    end: InternalKey | undefined,
  ): RangeResult | OperationFailure {
    const budget = this.#budget;
    const wanted = rowsWanted(range.limit);
    const rows: Cell[] = [];
    let pageBytes = 0;
    let seen: InternalKey | undefined;
    const cursor = this.#state.data.scan(start, end, range.reverse, range.at);
    while (cursor.next()) {
      // Old tombstones count here: a page that met too many ends early, and the client goes on from its cursor.
      if (rows.length === wanted || !budget.takeKey()) return page(rows, seen);
      const version = cursor.live;
      if (version !== undefined) {
        const bytes = rowBytes(cursor.key, version, range.keysOnly);
        if (rows.length > 0 && pageBytes + bytes > pageBytesMax) return page(rows, seen);
        if (!budget.takeBytes(rowBytesMax + bytes)) {
          return rows.length > 0 ? page(rows, seen) : failure("FRAME_TOO_LARGE");
        }
        pageBytes += bytes;
        rows.push({ key: cursor.key, version: range.keysOnly ? withoutValue(version) : version });
      }
      seen = cursor.key;
    }
    return page(rows, undefined);
  }

  /** Why the state cannot be read at this revision; undefined when it can. */
  #refuses(at: Revision): RefusalCode | undefined {
    if (at === newest) return undefined;
    if (at < this.#state.watermark) return "TOO_OLD";
    // Something may still be written at or below it: whoever hosts this state ticks first.
    return at > this.#state.lastRevision.value ? "CLOCK_TOO_FAR_AHEAD" : undefined;
  }
}

function page(rows: readonly Cell[], cursor: InternalKey | undefined): RangeResult {
  return { kind: operationKind.range, rows, cursor };
}

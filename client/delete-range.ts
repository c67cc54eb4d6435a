/** Removes the keys of a range, in all groups that own a part of it at once, page by page. */
import { SynodError } from "../infra/errors/synod-error.ts";
import { operationKind, type DeleteRange, type KeyRange } from "../kv/commands/operation.ts";
import type { DeleteRangeResult, OperationResult } from "../kv/commands/result.ts";
import type { ReadRequest, WriteRequest } from "../infra/codec/request-encoder.ts";
import type { Revision } from "../kv/revision.ts";
import type { InternalKey } from "../kv/state-reader.ts";
import type { Caller } from "./caller.ts";
import type { Deadline } from "./deadline.ts";
import type { Place } from "./core/call.ts";
import { spansOf } from "./core/routing.ts";
import type { PartOutcome } from "./errors.ts";
import type { CallOptions } from "./options.ts";
import { requireAll } from "./parts.ts";
import { isEmpty } from "./range-scan.ts";

/** What `deleteRange` did. */
export interface DeletedRange {
  /** How many keys were removed. */
  readonly deleted: number;
}

interface Page {
  readonly group: string;
  readonly deleted: number;
  readonly revision: Revision;
  readonly rest: InternalKey | undefined;
}

export async function deleteRange(
  caller: Caller,
  range: KeyRange,
  options: CallOptions,
): Promise<DeletedRange> {
  const deadline = caller.deadline(options);
  const spans = isEmpty(range) ? [] : pieces(caller, range);
  const parts = await Promise.all(
    spans.map(({ group, ...span }) => deletePages(caller, group, span, options, deadline)),
  );
  requireAll("deleteRange", parts);
  return { deleted: parts.reduce((sum, { done }) => sum + (done?.deleted ?? 0), 0) };
}

interface Piece extends KeyRange {
  readonly group: string;
}

/** What each group owns of the range; where nobody is known to own any, the rest as one piece. */
function pieces(caller: Caller, { start, end }: KeyRange): Piece[] {
  const { routes } = caller.core;
  const spans: Piece[] = routes === undefined ? [] : [...spansOf({ start, end }, routes)];
  const last = spans.at(-1);
  const from = last === undefined ? start : last.end;
  if (from !== undefined && from !== end) spans.push({ group: "", start: from, end });
  return spans;
}

/** Never rejects for a failure that is expected: what was removed before it is told together with it. */
async function deletePages(
  caller: Caller,
  group: string,
  { start, end }: KeyRange,
  options: CallOptions,
  deadline: Deadline,
): Promise<PartOutcome<DeletedRange>> {
  let deleted = 0;
  let failure: SynodError | undefined;
  try {
    for (let at: InternalKey | undefined = start; at !== undefined;) {
      const timeoutMs = deadline.leftMs("deleteRange");
      const page: Page = await caller.write(
        operationOn(at, end),
        { ...options, timeoutMs },
        toPage,
      );
      deleted += page.deleted;
      at = page.rest;
    }
  } catch (thrown) {
    if (!(thrown instanceof SynodError)) throw thrown;
    failure = thrown;
  }
  const nothingDone = failure !== undefined && deleted === 0;
  return { group, keys: [], done: nothingDone ? undefined : { deleted }, failure };
}

function operationOn(start: InternalKey, end: InternalKey | undefined): DeleteRange {
  return { kind: operationKind.deleteRange, start, end, limit: 0, cursor: undefined };
}

function toPage(
  result: OperationResult,
  _: WriteRequest | ReadRequest,
  { group }: Place,
  rest: InternalKey | undefined,
): Page {
  const { deleted, revision } = result as DeleteRangeResult;
  return { group, deleted, revision, rest };
}

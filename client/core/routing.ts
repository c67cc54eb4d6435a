/** Finds the group that has to execute a call, and clips an operation on a range to what that group owns. */
import { splitInternalKey } from "../../infra/codec/key-text.ts";
import {
  operationKind,
  type DeleteRange,
  type KeyRange,
  type Range,
  type Transaction,
} from "../../kv/commands/operation.ts";
import type { OperationResult } from "../../kv/commands/result.ts";
import { keyAfter } from "../../kv/internal-key.ts";
import type { InternalKey } from "../../kv/state-reader.ts";
import { CrossGroupTransactionError, type KeyOwner } from "../errors.ts";
import type { Call, Request } from "./call.ts";
import type { RouteMap, Span } from "./route-map.ts";

type Bound = InternalKey | undefined;

/**
 * Undefined where no region holds the keys. Throws `CrossGroupTransactionError` for a transaction that no single group
 * can execute.
 */
export function routeCall(call: Call, routes: RouteMap): string | undefined {
  const { operation } = call;
  if (operation.kind === operationKind.transaction) return groupOfTransaction(operation, routes);
  if (operation.kind === operationKind.range || operation.kind === operationKind.deleteRange) {
    return clip(call, operation, routes);
  }
  // The caller keeps it within the keys of one group.
  if (operation.kind === operationKind.changes) return routes.groupOf(operation.start);
  return routes.groupOf(operation.key);
}

/** Where an operation on a range has to go on behind this answer; undefined when it is done. */
export function restOf({ operation, span }: Call, result: OperationResult): Bound {
  if (span === undefined || typeof result !== "object" || !("cursor" in result)) return undefined;
  if (result.kind === operationKind.changes) return undefined;
  const { start, end } = operation as Range | DeleteRange;
  if (isReverse(operation)) {
    const rest = result.cursor ?? span.start;
    return rest > start ? rest : undefined;
  }
  const rest = result.cursor === undefined ? span.end : keyAfter(result.cursor);
  return rest === undefined || (end !== undefined && rest >= end) ? undefined : rest;
}

/** All of the transaction's keys and the groups that own them, as far as any region holds them. */
export function ownersOf({ checks, operations }: Transaction, routes: RouteMap): KeyOwner[] {
  const owners: KeyOwner[] = [];
  const note = (key: InternalKey, group: string | undefined): void => {
    if (group !== undefined) owners.push({ ...splitInternalKey(key), group });
  };
  for (const { key } of operations) note(key, routes.groupOf(key));
  for (const check of checks) {
    if ("key" in check) note(check.key, routes.groupOf(check.key));
    else for (const span of spansOf(check, routes)) note(span.start, span.group);
  }
  return owners;
}

/** What each group owns of the range, in order, up to the first gap. */
export function* spansOf({ start, end }: KeyRange, routes: RouteMap): Generator<Span> {
  for (let at: InternalKey | undefined = start; at !== undefined;) {
    const span = routes.firstSpan({ start: at, end });
    if (span === undefined) return;
    yield span;
    at = span.end === end || (end !== undefined && at >= end) ? undefined : span.end;
  }
}

function groupOfTransaction(transaction: Transaction, routes: RouteMap): string | undefined {
  const owners = ownersOf(transaction, routes);
  const [first] = owners;
  const other = owners.find(({ group }) => group !== first?.group);
  if (first !== undefined && other !== undefined) {
    throw new CrossGroupTransactionError(onePerGroup(owners));
  }
  return first?.group;
}

function onePerGroup(owners: readonly KeyOwner[]): KeyOwner[] {
  const seen = new Set<string>();
  return owners.filter(({ group }) => !seen.has(group) && seen.add(group));
}

function clip(call: Call, operation: Range | DeleteRange, routes: RouteMap): string | undefined {
  const { start, end } = boundsOf(operation);
  const isEmpty = end !== undefined && end <= start;
  const span =
    isReverse(operation) && !isEmpty
      ? routes.lastSpan({ start, end })
      : routes.firstSpan({ start, end });
  if (span === undefined) return undefined;
  call.span = span;
  call.request = { ...operation, start: span.start, end: span.end, cursor: undefined };
  return span.group;
}

/** A cursor says nothing that a bound cannot say. */
function boundsOf(operation: Range | DeleteRange): KeyRange {
  const { start, end, cursor } = operation;
  if (cursor === undefined) return { start, end };
  return isReverse(operation) ? { start, end: cursor } : { start: keyAfter(cursor), end };
}

function isReverse(operation: Request): boolean {
  return operation.kind === operationKind.range && operation.reverse;
}

/** Short ways to write operations in tests. Keys are given without a bucket and lie in bucket `b`. */
import {
  checkKind,
  expectNothing,
  operationKind,
  type Changes,
  type Check,
  type Delete,
  type DeleteRange,
  type Get,
  type Increment,
  type Put,
  type Range,
  type Transaction,
  type TransactionOperation,
} from "../../../kv/commands/operation.ts";
import { newest, type Revision } from "../../../kv/revision.ts";

const bucket = "b\0";

export function k(key: string): string {
  return bucket + key;
}

export function put(
  key: string,
  value: string,
  options: { readonly ttlMs?: number; readonly expectation?: Revision } = {},
): Put {
  const source = new TextEncoder().encode(value);
  const { ttlMs = 0, expectation = expectNothing } = options;
  const window = { source, start: 0, end: source.length };
  return { kind: operationKind.put, key: k(key), ...window, ttlMs, expectation };
}

export function remove(key: string, expectation: Revision = expectNothing): Delete {
  return { kind: operationKind.delete, key: k(key), expectation };
}

export function purge(key: string, expectation: Revision = expectNothing): Delete {
  return { kind: operationKind.delete, key: k(key), expectation, purge: true };
}

export function increment(key: string, delta: number): Increment {
  return { kind: operationKind.increment, key: k(key), delta };
}

export function deleteRange(
  start: string,
  end: string | undefined,
  options: { readonly limit?: number; readonly cursor?: string | undefined } = {},
): DeleteRange {
  const { limit = 0, cursor } = options;
  const bounds = { start: k(start), end: end === undefined ? undefined : k(end) };
  return { kind: operationKind.deleteRange, ...bounds, limit, cursor };
}

export function get(key: string, at: Revision = newest): Get {
  return { kind: operationKind.get, key: k(key), at };
}

/** Everything there ever was, unless told otherwise. */
export function changes(options: Partial<Omit<Changes, "kind">> = {}): Changes {
  const bounds = { start: bucket, end: undefined, since: 0, until: newest };
  const flags = { incompleteToo: false, keysOnly: false, newestOnly: false };
  return {
    kind: operationKind.changes,
    ...bounds,
    limit: 0,
    ...flags,
    cursor: undefined,
    ...options,
  };
}

export function range(
  start: string,
  end: string | undefined,
  options: Partial<Omit<Range, "kind" | "start" | "end">> = {},
): Range {
  const bounds = { start: k(start), end: end === undefined ? undefined : k(end) };
  const asked = { limit: 0, reverse: false, keysOnly: false, at: newest, cursor: undefined };
  return { kind: operationKind.range, ...bounds, ...asked, ...options };
}

export function transaction(
  checks: readonly Check[],
  operations: readonly TransactionOperation[],
): Transaction {
  return { kind: operationKind.transaction, checks, operations };
}

export function atRevision(key: string, revision: Revision): Check {
  return { kind: checkKind.revision, key: k(key), revision };
}

export function exists(key: string): Check {
  return { kind: checkKind.exists, key: k(key) };
}

export function unchanged(start: string, end: string | undefined, since: Revision): Check {
  const bounds = { start: k(start), end: end === undefined ? undefined : k(end) };
  return { kind: checkKind.unchanged, ...bounds, since };
}

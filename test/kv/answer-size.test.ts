/** Whatever a frame asks for, its answer fits into one message: one that does not could never be delivered. */
import { expect, test } from "vitest";
import { ReplyEncoder } from "../../infra/codec/reply-codec.ts";
import { replyKind } from "../../infra/codec/formats.ts";
import type { ReadOperation } from "../../kv/commands/operation.ts";
import { isFailure, type OperationResult } from "../../kv/commands/result.ts";
import { frameOperationsMax, keyBytesMax, transactionOperationsMax } from "../../kv/limits.ts";
import { deleteRange, get, put, range, transaction } from "./support/operations.ts";
import { TestGroup } from "./support/test-group.ts";

const messageBytesMax = 2 ** 20;
const wide = Number.MAX_SAFE_INTEGER;

function bytesOf(results: readonly OperationResult[]): number {
  const place = { slot: wide, index: wide, lastRevision: wide, asOf: wide };
  const kind = replyKind.executed;
  const answer = { kind, number: wide, group: "g".repeat(64), ...place, results };
  return new ReplyEncoder().encode(answer).length;
}

function times<Value>(count: number, make: (at: number) => Value): Value[] {
  return Array.from({ length: count }, (_, at) => make(at));
}

const key = (at: number): string => String(at).padStart(keyBytesMax, "k");
const large = "x".repeat(440 * 1024);

function filled(): TestGroup {
  const group = new TestGroup();
  group.write(put("large", large));
  group.write(put("small", "v", { ttlMs: 3_600_000 }));
  for (let at = 0; at < 5_000; at += 500) {
    group.write(...times(500, (n) => put(key(at + n), "")));
  }
  return group;
}

test("many operations that fail, beside large values", () => {
  const results = filled().write(
    transaction([], [get("large")]),
    transaction([], [get("large")]),
    ...times(frameOperationsMax - 2, () => put("large", "", { expectation: wide })),
  );
  expect(bytesOf(results)).toBeLessThanOrEqual(messageBytesMax);
});

test("many small reads inside transactions", () => {
  const reads = times(transactionOperationsMax, () => get("small"));
  const results = filled().write(...times(700, () => transaction([], reads)));
  expect(results.some((result) => !isFailure(result))).toBe(true);
  expect(bytesOf(results)).toBeLessThanOrEqual(messageBytesMax);
});

test("many pages of a deleted range that each end at a long key", () => {
  const group = filled();
  const results = group.write(
    ...times(4_000, (at) => deleteRange("", undefined, { limit: 1, cursor: `b\0${key(at)}` })),
  );
  expect(results.some((result) => !isFailure(result))).toBe(true);
  expect(bytesOf(results)).toBeLessThanOrEqual(messageBytesMax);
});

const readings: { readonly [what: string]: readonly ReadOperation[] } = {
  "rows of long keys": times(20, () => range("", undefined, { keysOnly: true })),
  "pages that each end at a long key": times(2_000, () => range("", undefined, { limit: 1 })),
  "rows without anything in them": times(1_000, () => range("small", undefined, { limit: 20 })),
  "many small values": times(frameOperationsMax, () => get("small")),
  "large values beside many operations": [
    get("large"),
    get("large"),
    ...times(frameOperationsMax - 2, () => get("none")),
  ],
};

for (const [what, operations] of Object.entries(readings)) {
  test(`a reading frame: ${what}`, () => {
    const results = filled().read(...operations);
    expect(results.some((result) => !isFailure(result))).toBe(true);
    expect(bytesOf(results)).toBeLessThanOrEqual(messageBytesMax);
  });
}

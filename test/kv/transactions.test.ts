import { expect, test } from "vitest";
import { absent } from "../../kv/commands/operation.ts";
import { failure } from "../../kv/commands/result.ts";
import { answerBytesMax, transactionRangeKeysMax, valueBytesMax } from "../../kv/limits.ts";
import {
  atRevision,
  exists,
  get,
  increment,
  put,
  range,
  remove,
  transaction,
  unchanged,
} from "./support/operations.ts";
import { plain, plainRows } from "./support/plain.ts";
import { birth, TestGroup } from "./support/test-group.ts";

test("a transaction's writes share one revision, and its reads see the state before it", () => {
  const group = new TestGroup();
  const old = group.one(put("a", "old")) as number;
  const operations = [put("a", "new"), get("a"), increment("n", 3), remove("b"), get("b")];
  const revision = old + 1;
  expect(plain(group.one(transaction([], operations)))).toEqual({
    revision,
    results: [
      revision,
      { value: "old", revision: old, expiresAt: 0 },
      { revision, value: 3 },
      { revision, existed: false },
      null,
    ],
  });
  expect(plainRows(group.read(range("", undefined))[0])).toEqual([
    ["a", "new", revision],
    ["n", "3", revision],
  ]);
});

test("a transaction that fails anywhere leaves no trace", () => {
  const group = new TestGroup();
  const before = group.one(put("text", "no number")) as number;
  const failing = [
    transaction([exists("missing")], [put("a", "1")]),
    transaction([], [put("a", "1"), increment("text", 1)]),
    transaction([], [put("a", "1"), put("text", "x", { expectation: absent })]),
    transaction([], [put("a", "1"), remove("text", 5)]),
    transaction([], [put("a", "1"), increment("a", 1)]),
  ];
  expect(group.write(...failing)).toEqual([
    failure("CONFLICT", 0, absent),
    failure("NOT_A_NUMBER", 1),
    failure("CONFLICT", 1, before),
    failure("CONFLICT", 1, before),
    failure("BAD_REQUEST", 1),
  ]);
  expect(group.replica.lastRevision).toBe(before);
  expect(plain(group.read(get("a"))[0])).toBe(null);
});

test("checks on keys hold at exactly the revision, or the absence, they name", () => {
  const group = new TestGroup();
  const revision = group.one(put("a", "1")) as number;
  const holds = [atRevision("a", revision), exists("a"), atRevision("b", absent)];
  expect(plain(group.one(transaction(holds, [put("c", "1")])))).toMatchObject({
    results: [revision + 1],
  });
  const fails = [
    atRevision("a", revision - 1),
    atRevision("a", absent),
    exists("b"),
    atRevision("b", 3),
  ];
  expect(fails.map((check) => group.one(transaction([exists("a"), check], [])))).toEqual([
    failure("CONFLICT", 1, revision),
    failure("CONFLICT", 1, revision),
    failure("CONFLICT", 1, absent),
    failure("CONFLICT", 1, absent),
  ]);
});

test("a range counts as changed when a key in it was written or removed since", () => {
  const group = new TestGroup();
  const [, since] = group.write(put("a", "1"), put("b", "2")) as number[];
  const check = (from = since ?? 0) => transaction([unchanged("a", "c", from)], []);
  expect(plain(group.one(check()))).toMatchObject({ revision: since });
  group.one(put("c", "outside"));
  expect(plain(group.one(check()))).toMatchObject({ results: [] });
  const removed = plain(group.one(remove("a"))) as { revision: number };
  expect(group.one(check())).toEqual(failure("CONFLICT", 0, removed.revision));
  expect(plain(group.one(check(removed.revision)))).toMatchObject({ results: [] });
  group.checkpointNow();
  expect(group.one(check())).toEqual(failure("CONFLICT", 0, removed.revision));
});

test("whether a range changed since before the watermark cannot be told", () => {
  const group = new TestGroup();
  const revision = group.one(put("a", "1")) as number;
  group.one(put("a", "2"));
  group.watermark(revision + 1);
  expect(group.one(transaction([unchanged("a", "b", revision)], []))).toEqual(
    failure("TOO_OLD", 0),
  );
  expect(plain(group.one(transaction([unchanged("a", "b", revision + 1)], [])))).toMatchObject({
    results: [],
  });
});

test("a transaction that changes nothing takes no revision", () => {
  const group = new TestGroup();
  const revision = group.one(put("a", "1")) as number;
  const result = plain(group.one(transaction([exists("a")], [get("a"), remove("b")])));
  expect(result).toMatchObject({
    revision,
    results: [{ value: "1" }, { revision, existed: false }],
  });
  expect(group.replica.lastRevision).toBe(revision);
});

test("a transaction checks a bounded number of keys", () => {
  const group = new TestGroup();
  const key = (at: number) => `k${String(at).padStart(5, "0")}`;
  group.write(...Array.from({ length: transactionRangeKeysMax + 1 }, (_, at) => put(key(at), "v")));
  const since = group.replica.lastRevision;
  expect(group.one(transaction([unchanged("", undefined, since)], []))).toEqual(
    failure("TRANSACTION_TOO_LARGE", 0),
  );
  const check = unchanged(key(1), undefined, since);
  expect(plain(group.one(transaction([check], [])))).toMatchObject({ results: [] });
  const pair = group.write(transaction([check], []), transaction([check], []));
  expect(pair.map(plain)).toMatchObject([{ results: [] }, { results: [] }]);
  // The next entry starts with all it may look at.
  const [first, , third] = group.write(
    transaction([check], []),
    transaction([check], []),
    transaction([check], []),
  );
  expect(plain(first)).toMatchObject({ results: [] });
  expect(third).toEqual(failure("OVERLOADED", 0));
});

test("a frame's transactions read no more than one answer can carry", () => {
  const group = new TestGroup();
  group.one(put("a", "x".repeat(valueBytesMax)));
  const [one, other] = group.write(
    transaction([], [get("a")]),
    transaction([], [get("a"), put("b", "1")]),
  );
  expect(2 * valueBytesMax).toBeGreaterThan(answerBytesMax);
  expect(plain(one)).toMatchObject({ revision: birth + 1 });
  expect(other).toEqual(failure("FRAME_TOO_LARGE"));
  expect(plain(group.read(get("b"))[0])).toBe(null);
});

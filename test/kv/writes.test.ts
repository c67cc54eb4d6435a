import { expect, test } from "vitest";
import { absent } from "../../kv/commands/operation.ts";
import { failure } from "../../kv/commands/result.ts";
import { entryRangeKeysMax, pageRowsMax } from "../../kv/limits.ts";
import { space } from "../../kv/state-reader.ts";
import { MemoryCheckpoint } from "./support/memory-checkpoint.ts";
import {
  deleteRange,
  get,
  increment,
  put,
  range,
  remove,
  transaction,
  unchanged,
} from "./support/operations.ts";
import { plain, plainRows } from "./support/plain.ts";
import { birth, everything, TestGroup } from "./support/test-group.ts";

const safe = Number.MAX_SAFE_INTEGER;

test("each operation takes the revision after the last one, and the entry's stamp comes first", () => {
  const group = new TestGroup();
  expect(group.write(put("a", "1"), put("a", "2"), put("b", "3"))).toEqual([
    birth + 1,
    birth + 2,
    birth + 3,
  ]);
  group.now = birth - 1000;
  expect(group.one(put("a", "4"))).toBe(birth + 4);
  group.now = birth + 1000;
  expect(group.one(put("a", "5"))).toBe(birth + 1001);
});

test("an older version is read at its revision", () => {
  const group = new TestGroup();
  const [first, second] = group.write(put("a", "1"), put("a", "2")) as number[];
  group.one(remove("a"));
  const values = [first, second].map((at) => plain(group.read(get("a", at))[0]));
  expect(values).toMatchObject([{ value: "1" }, { value: "2" }]);
  expect(plain(group.read(get("a"))[0])).toBe(null);
  expect(plain(group.read(get("a", birth))[0])).toBe(null);
});

test("put with an expectation succeeds at that revision only, and says which one it met", () => {
  const group = new TestGroup();
  const revision = group.one(put("a", "1", { expectation: absent })) as number;
  expect(group.one(put("a", "2", { expectation: absent }))).toEqual(
    failure("CONFLICT", -1, revision),
  );
  expect(group.one(put("a", "2", { expectation: revision - 1 }))).toEqual(
    failure("CONFLICT", -1, revision),
  );
  const next = group.one(put("a", "2", { expectation: revision }));
  expect(next).toBe(revision + 1);
  expect(group.one(put("b", "2", { expectation: 77 }))).toEqual(failure("CONFLICT", -1, absent));
});

test("a deleted key can be created again", () => {
  const group = new TestGroup();
  group.write(put("a", "1"), remove("a"));
  expect(group.one(put("a", "2", { expectation: absent }))).toEqual(expect.any(Number));
});

test("delete says whether the key existed, and changes nothing when it did not", () => {
  const group = new TestGroup();
  const revision = group.one(put("a", "1")) as number;
  expect(plain(group.one(remove("a")))).toEqual({ revision: revision + 1, existed: true });
  expect(plain(group.one(remove("a")))).toEqual({ revision: revision + 1, existed: false });
  expect(group.replica.lastRevision).toBe(revision + 1);
  expect(group.one(remove("a", revision))).toEqual(failure("CONFLICT", -1, absent));
  const again = group.one(put("a", "2")) as number;
  expect(group.one(remove("a", revision))).toEqual(failure("CONFLICT", -1, again));
  expect(plain(group.one(remove("a", again)))).toMatchObject({ existed: true });
});

test("increment counts from 0 and keeps decimal text", () => {
  const group = new TestGroup();
  expect(plain(group.one(increment("n", 5)))).toEqual({ revision: birth + 1, value: 5 });
  expect(plain(group.one(increment("n", -12)))).toEqual({ revision: birth + 2, value: -7 });
  expect(plain(group.read(get("n"))[0])).toMatchObject({ value: "-7" });
  expect(plain(group.one(increment("n", 7)))).toMatchObject({ value: 0 });
  expect(plain(group.read(get("n"))[0])).toMatchObject({ value: "0" });
});

test.each([
  "",
  "-",
  "+1",
  " 1",
  "1 ",
  "1.0",
  "1e3",
  "0x10",
  "9007199254740992",
  "99999999999999999",
])("increment refuses %j as NOT_A_NUMBER", (text) => {
  const group = new TestGroup();
  const revision = group.one(put("n", text)) as number;
  expect(group.one(increment("n", 1))).toEqual(failure("NOT_A_NUMBER"));
  expect(group.replica.lastRevision).toBe(revision);
});

test("increment refuses to leave the safe integers", () => {
  const group = new TestGroup();
  expect(plain(group.one(increment("n", safe)))).toMatchObject({ value: safe });
  expect(group.one(increment("n", 1))).toEqual(failure("NOT_A_NUMBER"));
  expect(plain(group.one(increment("m", -safe)))).toMatchObject({ value: -safe });
  expect(group.one(increment("m", -1))).toEqual(failure("NOT_A_NUMBER"));
  expect(plain(group.one(increment("m", safe)))).toMatchObject({ value: 0 });
});

test("deleteRange removes a page at one revision and goes on from its cursor", () => {
  const group = new TestGroup();
  group.write(...["a", "b", "c", "d", "e"].map((key) => put(key, "v")));
  const first = plain(group.one(deleteRange("b", undefined, { limit: 2 })));
  expect(first).toEqual({ revision: birth + 6, deleted: 2, cursor: "b\0c" });
  expect(plainRows(group.read(range("", undefined))[0]).length).toBe(3);
  const rest = plain(group.one(deleteRange("b", undefined, { limit: 9, cursor: "b\0c" })));
  expect(rest).toEqual({ revision: birth + 7, deleted: 2, cursor: undefined });
  const nothing = plain(group.one(deleteRange("b", undefined)));
  expect(nothing).toEqual({ revision: birth + 7, deleted: 0, cursor: undefined });
  expect(plainRows(group.read(range("", undefined))[0])).toEqual([["a", "v", birth + 1]]);
});

test("deleteRange sees keys wherever they lie, and none it deleted before", () => {
  const group = new TestGroup();
  group.write(put("a", "checkpointed"), put("b", "checkpointed"));
  group.checkpointNow();
  group.write(put("c", "frozen"), remove("a"));
  group.replica.freeze();
  group.write(put("d", "active"), put("b", "active"));
  expect(plain(group.one(deleteRange("", undefined)))).toMatchObject({ deleted: 3 });
  expect(plain(group.one(deleteRange("", undefined)))).toMatchObject({ deleted: 0 });
});

test("a page of deleteRange never removes more rows than a page holds", () => {
  const group = new TestGroup();
  const key = (at: number) => `k${String(at).padStart(5, "0")}`;
  group.write(...Array.from({ length: pageRowsMax + 1 }, (_, at) => put(key(at), "v")));
  const page = plain(group.one(deleteRange("", undefined, { limit: 5000 })));
  expect(page).toMatchObject({ deleted: pageRowsMax, cursor: `b\0${key(pageRowsMax - 1)}` });
});

test("tombstones that one replica still has and another has dropped make no difference", () => {
  const groups = [true, false].map(
    (drops) => new TestGroup(everything, new MemoryCheckpoint(drops)),
  );
  const answers = groups.map((group) => {
    group.write(
      put("a", "v"),
      put("b", "v"),
      put("c", "v"),
      put("d", "v"),
      remove("b"),
      remove("c"),
    );
    group.watermark(group.replica.lastRevision);
    group.checkpointNow();
    const results = group.write(
      transaction([unchanged("a", "d", group.replica.watermark)], []),
      deleteRange("a", "d", { limit: 1 }),
      deleteRange("b", undefined, { limit: 1 }),
    );
    return [results.map(plain), group.replica.checksum];
  });
  expect(answers[0]).toEqual(answers[1]);
  expect(groups.map(({ checkpoint }) => checkpoint.count(space.data))).toEqual([2, 6]);
});

test("the range work of one entry is bounded: what is beyond it is refused, or ends its page early", () => {
  const group = new TestGroup();
  const key = (at: number) => `k${String(at).padStart(5, "0")}`;
  const extra = 20;
  const count = entryRangeKeysMax + extra;
  for (let at = 0; at < count; at += 5000) {
    group.write(
      ...Array.from({ length: Math.min(5000, count - at) }, (_, n) => put(key(at + n), "v")),
    );
  }
  const pages = group.write(
    ...Array.from({ length: 11 }, (_, at) =>
      deleteRange("", undefined, {
        limit: pageRowsMax - 1,
        cursor: at === 0 ? undefined : `b\0${key(at * (pageRowsMax - 1) - 1)}`,
      }),
    ),
    deleteRange("", undefined),
    put("still", "executed"),
  );
  const deleted = pages.slice(0, 11).map((page) => (plain(page) as { deleted: number }).deleted);
  expect(deleted).toEqual([...Array.from({ length: 10 }, () => pageRowsMax - 1), 10]);
  expect(plain(pages[10])).toMatchObject({ cursor: `b\0${key(entryRangeKeysMax - 1)}` });
  expect(pages[11]).toEqual(failure("OVERLOADED"));
  expect(pages[12]).toEqual(expect.any(Number));
  expect(
    plain(group.one(deleteRange("k", "l", { cursor: `b\0${key(entryRangeKeysMax - 1)}` }))),
  ).toMatchObject({
    deleted: extra,
  });
});

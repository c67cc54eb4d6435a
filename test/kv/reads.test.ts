import { expect, test } from "vitest";
import { failure } from "../../kv/commands/result.ts";
import { answerBytesMax, pageBytesMax, pageRowsMax, readStepsMax } from "../../kv/limits.ts";
import type { Revision } from "../../kv/revision.ts";
import type { Range } from "../../kv/commands/operation.ts";
import { deleteRange, get, put, range, remove } from "./support/operations.ts";
import { plain, plainRows } from "./support/plain.ts";
import { TestGroup } from "./support/test-group.ts";

interface Page {
  readonly rows: readonly [string, string, Revision][];
  readonly cursor: string | undefined;
}

function page(group: TestGroup, asked: Range): Page {
  return plain(group.read(asked)[0]) as Page;
}

/** Reads all pages. */
function keysOf(group: TestGroup, asked: Range): string[] {
  const keys: string[] = [];
  let cursor: string | undefined;
  for (let pages = 0; pages < 100; pages++) {
    const { rows, cursor: next } = page(group, { ...asked, cursor });
    keys.push(...rows.map(([key]) => key));
    if (next === undefined) return keys;
    cursor = next;
  }
  throw new Error("the pages never end");
}

/** Keys in all three layers: the checkpoint, the frozen table and the active one. */
function layered(): TestGroup {
  const group = new TestGroup();
  group.write(put("a", "old"), put("b", "old"), put("c", "old"), put("e", "old"));
  group.checkpointNow();
  group.write(put("b", "frozen"), remove("c"), put("d", "frozen"));
  group.replica.freeze();
  group.write(put("e", "active"), remove("a"), put("c", "active"), put("f", "active"));
  return group;
}

test("a range merges checkpoint, frozen table and active table, both ways", () => {
  const group = layered();
  const rows = page(group, range("", undefined)).rows.map(([key, value]) => [key, value]);
  expect(rows).toEqual([
    ["b", "frozen"],
    ["c", "active"],
    ["d", "frozen"],
    ["e", "active"],
    ["f", "active"],
  ]);
  const reversed = page(group, range("", undefined, { reverse: true })).rows;
  expect(reversed.map(([key, value]) => [key, value])).toEqual(rows.toReversed());
});

test("bounds take the start and leave the end out, both ways", () => {
  const group = layered();
  for (const reverse of [false, true]) {
    expect(keysOf(group, range("c", "e", { reverse })).toSorted()).toEqual(["c", "d"]);
  }
  expect(keysOf(group, range("d", "d"))).toEqual([]);
  expect(keysOf(group, range("e", "c"))).toEqual([]);
});

test("pages follow one another without gap or repetition, both ways", () => {
  const group = layered();
  for (const limit of [1, 2, 3, 5, 6]) {
    expect(keysOf(group, range("", undefined, { limit }))).toEqual(["b", "c", "d", "e", "f"]);
    expect(keysOf(group, range("", undefined, { limit, reverse: true }))).toEqual([
      "f",
      "e",
      "d",
      "c",
      "b",
    ]);
  }
});

test("a range at an older revision shows what there was then, in whatever layer it lies", () => {
  const group = new TestGroup();
  const [first] = group.write(put("a", "1"), put("b", "1")) as number[];
  group.checkpointNow();
  const [, second] = group.write(put("a", "2"), put("c", "2")) as number[];
  group.replica.freeze();
  group.write(remove("a"), put("b", "3"));
  const at = (revision: number | undefined) =>
    page(group, range("", undefined, { at: revision ?? 0 })).rows.map(
      ([key, value]) => key + value,
    );
  expect(at(first)).toEqual(["a1"]);
  expect(at(second)).toEqual(["a2", "b1", "c2"]);
  expect(page(group, range("", undefined)).rows.map(([key, value]) => key + value)).toEqual([
    "b3",
    "c2",
  ]);
});

test("keysOnly leaves the values out", () => {
  const group = layered();
  const { rows } = page(group, range("b", "d", { keysOnly: true }));
  expect(rows.map(([key, value]) => [key, value])).toEqual([
    ["b", ""],
    ["c", ""],
  ]);
  const [result] = group.read(range("b", "d", { keysOnly: true }));
  const cells = typeof result === "object" && "rows" in result ? result.rows : [];
  expect(cells.map(({ version }) => version.bytesLeftOut)).toEqual([6, 6]);
});

test("reads below the watermark are TOO_OLD, at it they are not", () => {
  const group = new TestGroup();
  const revision = group.one(put("a", "1")) as number;
  group.one(put("a", "2"));
  group.watermark(revision + 1);
  const tooOld = failure("TOO_OLD");
  expect(group.read(get("a", revision), range("", undefined, { at: revision }))).toEqual([
    tooOld,
    tooOld,
  ]);
  expect(plain(group.read(get("a", revision + 1))[0])).toMatchObject({ value: "2" });
});

test("the watermark never passes the last revision and never falls", () => {
  const group = new TestGroup();
  const revision = group.one(put("a", "1")) as number;
  group.watermark(revision + 1_000_000);
  expect(group.replica.watermark).toBe(revision);
  group.watermark(5);
  expect(group.replica.watermark).toBe(revision);
  group.checkpointNow();
  group.restart();
  expect(group.replica.watermark).toBe(revision);
});

test("a revision that is not applied yet cannot be read: something may still be written below it", () => {
  const group = new TestGroup();
  const revision = group.one(put("a", "1")) as number;
  const ahead = failure("CLOCK_TOO_FAR_AHEAD");
  expect(group.read(get("a", revision + 1), range("", undefined, { at: revision + 1 }))).toEqual([
    ahead,
    ahead,
  ]);
  group.tick(revision + 1);
  expect(plain(group.read(get("a", revision + 1))[0])).toMatchObject({ value: "1" });
});

test("a page holds at most 1,000 rows", () => {
  const group = new TestGroup();
  const key = (at: number) => `k${String(at).padStart(5, "0")}`;
  group.write(...Array.from({ length: pageRowsMax + 5 }, (_, at) => put(key(at), "v")));
  for (const limit of [0, 5000]) {
    const { rows, cursor } = page(group, range("", undefined, { limit }));
    expect([rows.length, cursor]).toEqual([pageRowsMax, `b\0${key(pageRowsMax - 1)}`]);
  }
  expect(keysOf(group, range("", undefined)).length).toBe(pageRowsMax + 5);
});

test("a page holds at most 512 KiB, but always one row", () => {
  const group = new TestGroup();
  const half = "x".repeat(pageBytesMax / 2);
  const whole = "x".repeat(pageBytesMax);
  group.write(put("a", half));
  group.write(put("b", half));
  group.write(put("c", whole));
  const { rows, cursor } = page(group, range("", undefined));
  expect([rows.map(([key]) => key), cursor]).toEqual([["a"], "b\0a"]);
  expect(keysOf(group, range("", undefined))).toEqual(["a", "b", "c"]);
  expect(page(group, range("", undefined, { keysOnly: true })).rows.length).toBe(3);
});

test("one answer carries a bounded number of bytes: what does not fit is told so, what does is answered", () => {
  const group = new TestGroup();
  const half = "x".repeat(pageBytesMax / 2);
  group.write(put("a", half));
  group.write(put("b", half));
  const results = group.read(
    get("a"),
    get("a"),
    get("a"),
    get("a"),
    get("none"),
    range("", undefined),
  );
  expect(4 * half.length).toBeGreaterThan(answerBytesMax);
  expect(results.slice(3)).toEqual([
    failure("FRAME_TOO_LARGE"),
    { kind: 6, version: undefined },
    failure("FRAME_TOO_LARGE"),
  ]);
});

test("a range over many deleted keys answers a short page with a cursor instead of walking on", () => {
  const group = new TestGroup();
  const key = (at: number) => `k${String(at).padStart(6, "0")}`;
  const count = readStepsMax + 500;
  for (let at = 0; at < count; at += 1000) {
    group.write(...Array.from({ length: 1000 }, (_, n) => put(key(at + n), "v")));
    group.one(deleteRange(key(at), "l"));
  }
  group.one(put("z", "alive"));
  const first = page(group, range("", undefined));
  expect(first).toEqual({ rows: [], cursor: `b\0${key(readStepsMax - 1)}` });
  expect(keysOf(group, range("", undefined))).toEqual(["z"]);
});

test("gets of one frame are read from one state", () => {
  const group = layered();
  expect(group.read(get("b"), get("a"), get("f")).map(plain)).toMatchObject([
    { value: "frozen" },
    null,
    { value: "active" },
  ]);
  expect(plainRows(group.read(range("", "b"))[0])).toEqual([]);
});

import * as fc from "fast-check";
import { expect, test } from "vitest";
import { newest } from "../../kv/revision.ts";
import type { CutCell } from "../../kv/checkpoint.ts";
import { OrderedTable } from "../../kv/table/ordered-table.ts";
import type { TableCursor } from "../../kv/table/table-cursor.ts";
import { versionKind } from "../../kv/version.ts";

const bytes = new Uint8Array(100);

function allOf(table: OrderedTable): CutCell[] {
  const list: CutCell[] = [];
  const cells = table.cells();
  for (let cell = cells.next(); cell !== undefined; cell = cells.next()) list.push({ ...cell });
  return list;
}

function putAll(table: OrderedTable, keys: readonly string[]): void {
  for (const [at, key] of keys.entries()) {
    table.put(key, at + 1, versionKind.put, 0, bytes, at % 50, (at % 50) + 10);
  }
}

function walk(cursor: TableCursor): string[] {
  const keys: string[] = [];
  for (; cursor.key !== undefined; cursor.advance()) keys.push(cursor.key);
  return keys;
}

const byteKey = fc
  .array(fc.integer({ min: 0, max: 255 }), { minLength: 1, maxLength: 4 })
  .map((codes) => String.fromCharCode(...codes));

test("keys come out in byte order both ways and within their bounds, however they went in", () => {
  const bound = fc.option(byteKey, { nil: undefined });
  fc.assert(
    fc.property(fc.array(byteKey, { maxLength: 600 }), byteKey, bound, (keys, start, end) => {
      const table = new OrderedTable(true, 4);
      putAll(table, keys);
      const inside = [...new Set(keys)]
        .filter((key) => key >= start && (end === undefined || key < end))
        .toSorted((a, b) => (a < b ? -1 : 1));
      expect(walk(table.cursor(start, end, false))).toEqual(inside);
      expect(walk(table.cursor(start, end, true))).toEqual(inside.toReversed());
    }),
  );
});

test.each(["ascending", "descending", "scattered"])(
  "50,000 keys put in %s order are all found and stay sorted",
  (order) => {
    const count = 50_000;
    const position = (at: number) => {
      if (order === "ascending") return at;
      return order === "descending" ? count - at : (at * 7919) % count;
    };
    const keys = Array.from({ length: count }, (_, at) => String(position(at)).padStart(6, "0"));
    const table = new OrderedTable(true, 4);
    putAll(table, keys);
    expect(walk(table.cursor("", undefined, false))).toEqual(keys.toSorted());
    for (const [at, key] of keys.entries()) {
      if (table.find(key, newest)?.revision !== at + 1) throw new Error(`${key} is not found`);
    }
    expect(table.find("no such key", newest)).toBeUndefined();
  },
);

test("keys of several lengths with long common beginnings are all found and stay sorted", () => {
  const beginnings = ["", "a", "bucket\0", "bucket\0user:", "bucket\0user:\0\0\0", "\xff\xff\xff"];
  // Numbers without leading zeros: one key begins another, and zero bytes at the end tell some of them apart.
  const endings = Array.from({ length: 2_000 }, (_, at) => String((at * 7919) % 2_000));
  const keys = endings.flatMap((ending) => beginnings.map((beginning) => beginning + ending));
  const withZeros = [...keys, ...keys.slice(0, 3_000).map((key) => `${key}\0`)];
  const table = new OrderedTable(true, 4);
  putAll(table, withZeros);
  const sorted = withZeros.toSorted((left, right) => (left < right ? -1 : 1));
  expect(walk(table.cursor("", undefined, false))).toEqual(sorted);
  expect(walk(table.cursor("", undefined, true))).toEqual(sorted.toReversed());
  for (const [at, key] of withZeros.entries()) {
    if (table.find(key, newest)?.revision !== at + 1) throw new Error(`${key} is not found`);
    if (table.find(`${key}!`, newest) !== undefined) throw new Error(`${key}! is found`);
  }
});

test("keys that arrive in order fill the table densely", () => {
  const table = new OrderedTable(true, 4);
  const count = 12_700;
  putAll(
    table,
    Array.from({ length: count }, (_, at) => String(at).padStart(6, "0")),
  );
  expect(table.leaves.count).toBeLessThanOrEqual(count / 127 + 1);
});

test("a key shows the newest of its versions at or below a revision", () => {
  const table = new OrderedTable(true, 4);
  table.put("key", 10, versionKind.put, 0, bytes, 1, 2);
  table.put("key", 20, versionKind.tombstone, 0, bytes, 0, 0);
  table.put("key", 30, versionKind.put, 99, bytes, 3, 7);
  expect(table.find("key", 9)).toBeUndefined();
  expect(table.find("key", 19)).toMatchObject({ revision: 10, start: 1, end: 2 });
  expect(table.find("key", 29)).toMatchObject({ revision: 20, kind: versionKind.tombstone });
  const window = { source: bytes, start: 3, end: 7 };
  const newestVersion = { revision: 30, kind: versionKind.put, expiresAt: 99, ...window };
  expect(table.find("key", newest)).toEqual(newestVersion);
});

test("the cells of a table are its versions by key, newest first", () => {
  const table = new OrderedTable(true, 4);
  putAll(table, ["b", "a", "b", "c", "a"]);
  const cells = allOf(table).map(({ key, revision }) => [key, revision]);
  expect(cells).toEqual([
    ["a", 5],
    ["a", 2],
    ["b", 3],
    ["b", 1],
    ["c", 4],
  ]);
});

test("a table without history keeps one version of a key", () => {
  const table = new OrderedTable(false, 4);
  putAll(table, ["a", "a", "a"]);
  expect(allOf(table).map(({ revision }) => revision)).toEqual([3]);
  expect(table.find("a", 2)).toBeUndefined();
});

test("a revision that does not rise above the key's newest is an error, not an older version", () => {
  const table = new OrderedTable(true, 4);
  table.put("key", 10, versionKind.put, 0, bytes, 0, 0);
  expect(() => table.put("key", 10, versionKind.put, 0, bytes, 0, 0)).toThrow(
    /revisions only rise/,
  );
});

test("a table's bytes grow with its keys and values", () => {
  const table = new OrderedTable(true, 4);
  table.put("key", 1, versionKind.put, 0, bytes, 0, 100);
  const one = table.bytes;
  expect(one).toBeGreaterThan(100);
  table.put("key", 2, versionKind.put, 0, bytes, 0, 100);
  expect(table.bytes - one).toBeGreaterThan(100);
  expect(table.bytes - one).toBeLessThan(one);
});

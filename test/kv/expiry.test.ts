import { expect, test } from "vitest";
import { expiriesPerEntryMax } from "../../kv/limits.ts";
import { revisionsPerMs } from "../../kv/revision.ts";
import { space } from "../../kv/state-reader.ts";
import { increment, get, put, range, remove, transaction } from "./support/operations.ts";
import { plain, plainRows } from "./support/plain.ts";
import { birth, TestGroup } from "./support/test-group.ts";

function value(group: TestGroup, key: string): unknown {
  return plain(group.read(get(key))[0]);
}

test("a key with a TTL exists until an entry's stamp passes its expiry, whatever any clock says", () => {
  const group = new TestGroup();
  const revision = group.one(put("key", "v", { ttlMs: 10 })) as number;
  const expiresAt = revision + 10 * revisionsPerMs;
  expect(group.replica.nextExpiry).toBe(expiresAt);
  group.tick(expiresAt - 1);
  expect(value(group, "key")).toMatchObject({ value: "v", expiresAt });
  group.tick(expiresAt);
  expect(value(group, "key")).toBe(null);
});

test("an expired key is buried at a revision of its own, before the entry's own writes", () => {
  const group = new TestGroup();
  group.write(put("a", "1", { ttlMs: 1 }), put("b", "2", { ttlMs: 1 }));
  group.now = birth + 10 * revisionsPerMs;
  const revision = group.one(put("c", "3")) as number;
  expect(revision).toBe(group.now + 3);
  expect(value(group, "a")).toBe(null);
  expect(plain(group.read(get("a", group.now))[0])).toMatchObject({ value: "1" });
  expect(plain(group.read(get("a", group.now + 1))[0])).toBe(null);
  expect(plain(group.read(get("b", group.now + 1))[0])).toMatchObject({ value: "2" });
});

test("overwriting or deleting a key takes back its expiry", () => {
  const group = new TestGroup();
  group.write(
    put("a", "1", { ttlMs: 5 }),
    put("b", "2", { ttlMs: 5 }),
    put("c", "3", { ttlMs: 5 }),
  );
  group.write(put("a", "4"), put("b", "5", { ttlMs: 1000 }), remove("c"), put("c", "6"));
  const { lastRevision } = group.replica;
  group.tick(birth + 100 * revisionsPerMs);
  expect(plainRows(group.read(range("a", undefined))[0]).length).toBe(3);
  expect(group.replica.lastRevision).toBe(group.now);
  expect(group.replica.lastRevision).toBeGreaterThan(lastRevision);
  group.tick(birth + 2000 * revisionsPerMs);
  expect(plainRows(group.read(range("a", undefined))[0]).length).toBe(2);
});

test("an increment keeps the key's expiry, even in the entry in which the key is about to expire", () => {
  const group = new TestGroup();
  group.one(put("n", "1", { ttlMs: 1 }));
  const many = Array.from({ length: 5000 }, () => put("filler", "x"));
  group.write(...many, increment("n", 1));
  expect(value(group, "n")).toMatchObject({ value: "2" });
  expect(group.replica.nextExpiry).toBeLessThan(group.replica.lastRevision);
  group.noOp();
  expect(value(group, "n")).toMatchObject({ value: "2" });
  group.tick(birth);
  expect(value(group, "n")).toBe(null);
});

test("one entry expires a bounded number of keys, by expiry and then by key; the next entry goes on", () => {
  const group = new TestGroup();
  const count = expiriesPerEntryMax + 3;
  const name = (at: number) => `k${String(at).padStart(5, "0")}`;
  const puts = Array.from({ length: count }, (_, at) => put(name(at), "v", { ttlMs: 10 }));
  group.one(transaction([], puts.slice(count - 2)));
  for (let at = 0; at < count - 2; at += 100) {
    group.one(transaction([], puts.slice(at, Math.min(at + 100, count - 2))));
  }
  group.tick(birth + 1000 * revisionsPerMs);
  const left = plainRows(group.read(range("", undefined))[0]).map((row) => (row as string[])[0]);
  // The two put first are due first although their keys are the highest.
  expect(left).toEqual([name(count - 5), name(count - 4), name(count - 3)]);
  expect(group.replica.nextExpiry).toBeLessThan(group.now);
  group.tick(group.now);
  expect(plainRows(group.read(range("", undefined))[0])).toEqual([]);
});

test("expiries survive a checkpoint and a restart, and leave the checkpoint when they are done", () => {
  const group = new TestGroup();
  group.one(put("a", "1", { ttlMs: 10 }));
  const { nextExpiry } = group.replica;
  group.checkpointNow();
  group.restart();
  expect(group.replica.nextExpiry).toBe(nextExpiry);
  group.one(put("b", "1", { ttlMs: 5 }));
  expect(group.replica.nextExpiry).toBeLessThan(nextExpiry);
  group.tick(birth + 100 * revisionsPerMs);
  expect([value(group, "a"), value(group, "b")]).toEqual([null, null]);
  group.watermark(group.replica.lastRevision);
  group.checkpointNow();
  expect(group.checkpoint.count(space.expiry)).toBe(0);
  expect(group.checkpoint.count(space.data)).toBe(0);
});

test("a TTL in a transaction runs from the transaction's revision", () => {
  const group = new TestGroup();
  const result = plain(group.one(transaction([], [put("a", "1", { ttlMs: 3 }), put("b", "2")])));
  const { revision } = result as { revision: number };
  expect(value(group, "a")).toMatchObject({ revision, expiresAt: revision + 3 * revisionsPerMs });
  expect(value(group, "b")).toMatchObject({ revision, expiresAt: 0 });
});

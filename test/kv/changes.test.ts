import { expect, test } from "vitest";
import type { Changes, ChangesCursor } from "../../kv/commands/operation.ts";
import { failure } from "../../kv/commands/result.ts";
import { pageBytesMax, pageRowsMax, readStepsMax, sortedChangesMax } from "../../kv/limits.ts";
import type { Revision } from "../../kv/revision.ts";
import { readOut } from "./support/memory-checkpoint.ts";
import { changes, get, k, purge, put, remove } from "./support/operations.ts";
import { plain, plainChanges } from "./support/plain.ts";
import { tombstoneReason } from "../../kv/version.ts";
import { TestGroup } from "./support/test-group.ts";

interface Page {
  readonly rows: readonly [string, Revision, string | undefined, Revision][];
  readonly cursor: ChangesCursor | undefined;
}

function page(group: TestGroup, asked: Changes): Page {
  return plain(group.read(asked)[0]) as Page;
}

/** All pages; how many there were comes with them. */
function paged(group: TestGroup, asked: Changes): { rows: Page["rows"]; pages: number } {
  const rows: Page["rows"][number][] = [];
  let cursor: ChangesCursor | undefined;
  for (let pages = 1; pages < 1000; pages++) {
    const { rows: some, cursor: next } = page(group, { ...asked, cursor });
    rows.push(...some);
    if (next === undefined) return { rows, pages };
    cursor = next;
  }
  throw new Error("the pages never end");
}

function values(rows: Page["rows"]): string[] {
  return rows.map(([key, , value]) => `${key}=${value ?? "removed"}`);
}

test("a page may end between two versions of one key, and the next one goes on there", () => {
  const group = new TestGroup();
  group.write(put("a", "1"), put("b", "1"), put("a", "2"));
  group.checkpointNow();
  group.write(put("a", "3"), remove("b"));
  group.replica.freeze();
  group.write(put("a", "4"), put("c", "1"));
  const all = ["a=4", "a=3", "a=2", "a=1", "b=removed", "b=1", "c=1"];
  for (const limit of [1, 2, 3, 7, 8]) {
    const { rows, pages } = paged(group, changes({ limit }));
    expect(values(rows)).toEqual(all);
    expect(pages).toBe(Math.ceil(all.length / limit));
  }
});

test("a checkpoint that is valid already shows nothing twice while its table is still there", () => {
  const group = new TestGroup();
  group.write(put("a", "1"), put("b", "1"), put("a", "2"));
  const cut = group.replica.freeze();
  group.checkpoint.add(readOut(cut));
  group.write(put("a", "3"));
  const all = ["a=3", "a=2", "a=1", "b=1"];
  for (const limit of [0, 1, 2]) {
    expect(values(paged(group, changes({ limit })).rows)).toEqual(all);
  }
  group.replica.checkpointed();
  expect(values(paged(group, changes()).rows)).toEqual(all);
});

test("a removal is a change, however late it is asked for above the watermark", () => {
  const group = new TestGroup();
  const [written] = group.write(put("a", "1")) as Revision[];
  group.one(remove("a"));
  group.checkpointNow();
  group.checkpointNow();
  expect(values(page(group, changes({ since: written ?? 0 })).rows)).toEqual(["a=removed"]);
});

test("below the watermark changes are refused, unless what is kept is enough", () => {
  const group = new TestGroup();
  const [first, second] = group.write(put("a", "1"), put("a", "2")) as [Revision, Revision];
  group.one(put("b", "1"));
  group.watermark(second);
  group.checkpointNow();
  expect(group.read(changes({ since: first }))).toEqual([failure("TOO_OLD")]);
  expect(values(page(group, changes({ since: second })).rows)).toEqual(["b=1"]);
  const kept = page(group, changes({ since: first, incompleteToo: true }));
  expect(values(kept.rows)).toEqual(["a=2", "b=1"]);
});

test("up to a revision that is not applied yet nothing can be told; since one there is nothing yet", () => {
  const group = new TestGroup();
  const revision = group.one(put("a", "1")) as Revision;
  const ahead = failure("CLOCK_TOO_FAR_AHEAD");
  expect(group.read(changes({ until: revision + 1 }))).toEqual([ahead]);
  expect(page(group, changes({ since: revision + 1 })).rows).toEqual([]);
});

test("keys of other groups are refused", () => {
  const group = new TestGroup([{ id: 1, version: 1, start: k("b"), end: k("d") }]);
  expect(group.read(changes())).toEqual([failure("WRONG_REGION")]);
  expect(group.read(changes({ start: k("b"), end: k("e") }))).toEqual([failure("WRONG_REGION")]);
  expect(page(group, changes({ start: k("b"), end: k("d") })).rows).toEqual([]);
});

test("of each key the newest version at or below a revision, tombstones included", () => {
  const group = new TestGroup();
  group.write(put("a", "1"), put("b", "1"), put("c", "1"));
  group.checkpointNow();
  const removed = group.write(put("a", "2"), remove("b")).at(-1) as { revision: Revision };
  group.write(put("a", "3"), put("b", "3"));
  const asked = { newestOnly: true, until: removed.revision };
  for (const limit of [1, 2, 0]) {
    const { rows } = paged(group, changes({ ...asked, limit }));
    expect(values(rows)).toEqual(["a=2", "b=removed", "c=1"]);
  }
});

test("a page holds at most 1,000 rows and 512 KiB", () => {
  const group = new TestGroup();
  for (let at = 0; at < 3; at++) {
    group.write(...Array.from({ length: 500 }, (_, key) => put(`k${String(key)}`, "v")));
  }
  const { rows, cursor } = page(group, changes({ limit: 5000 }));
  expect([rows.length, cursor === undefined]).toEqual([pageRowsMax, false]);
  const large = new TestGroup();
  for (let at = 0; at < 6; at++) large.one(put("hot", "x".repeat(pageBytesMax / 4)));
  expect(page(large, changes()).rows.length).toBe(3);
  expect(paged(large, changes()).rows.length).toBe(6);
  expect(page(large, changes({ keysOnly: true })).rows.length).toBe(6);
});

test("a key with more versions than one read may look at is read to its end", () => {
  const group = new TestGroup();
  const count = readStepsMax + 500;
  for (let at = 0; at < count; at += 500) {
    group.write(...Array.from({ length: 500 }, (_, more) => put("hot", String(at + more))));
  }
  // The newest version may be the only one of interest, behind all that came after `until`.
  const first = (page(group, changes({ limit: 1 })).rows[0]?.[1] ?? 0) - count + 1;
  const layers = () => {
    const { rows } = paged(group, changes({ until: first }));
    expect(values(rows)).toEqual(["hot=0"]);
    expect(paged(group, changes()).rows.length).toBe(count);
  };
  layers();
  group.checkpointNow();
  layers();
});

test("few changes among many keys are found as many among few are", () => {
  const group = new TestGroup();
  const pages = Math.ceil(sortedChangesMax / 500) + 1;
  const key = (at: number) => `k${String(at).padStart(5, "0")}`;
  for (let at = 0; at < pages; at++) {
    group.write(...Array.from({ length: 500 }, (_, more) => put(key(at * 500 + more), "v")));
  }
  const before = group.replica.lastRevision;
  group.write(put(key(7), "changed"), remove(key(4000)));
  const few = paged(group, changes({ since: before })).rows;
  expect(values(few)).toEqual([`${key(7)}=changed`, `${key(4000)}=removed`]);
  const many = paged(group, changes()).rows;
  expect(many.length).toBe(pages * 500 + 2);
  const ofOne = many.filter(([name]) => name === key(7)).map(([, , value]) => value);
  expect(ofOne).toEqual(["changed", "v"]);
});

test("a get answers a tombstone where one is asked for", () => {
  const group = new TestGroup();
  group.one(put("a", "1"));
  const { revision } = group.one(remove("a")) as { revision: Revision };
  expect(group.read(get("a"))).toMatchObject([{ version: undefined }]);
  const asked = { ...get("a"), tombstoneToo: true };
  expect(group.read(asked)).toMatchObject([{ version: { revision, kind: 1 } }]);
  expect(group.read({ ...get("never"), tombstoneToo: true })).toMatchObject([
    { version: undefined },
  ]);
});

test("a purge hides what the key held before, and says what it is", () => {
  const group = new TestGroup();
  group.write(put("a", "1"), put("b", "1"), put("a", "2"));
  const before = group.replica.lastRevision;
  group.checkpointNow();
  const { revision, existed } = group.one(purge("a")) as { revision: Revision; existed: boolean };
  expect(existed).toBe(true);
  group.write(put("a", "3"));
  for (const limit of [1, 2, 10]) {
    expect(values(paged(group, changes({ limit })).rows)).toEqual(["a=3", "a=removed", "b=1"]);
  }
  const asked = { ...get("a", revision), tombstoneToo: true };
  const expiresAt = tombstoneReason.purged;
  expect(group.read(asked)).toMatchObject([{ version: { revision, kind: 1, expiresAt } }]);
  // Who reads at a moment before it sees what there was.
  expect(plain(group.read(get("a", before))[0])).toMatchObject({ value: "2" });
});

test("a purge of a key that was deleted hides it as well, once, and as long as its tombstone counts", () => {
  const group = new TestGroup();
  group.write(put("a", "1"), remove("a"));
  const first = group.one(purge("a")) as { revision: Revision; existed: boolean };
  expect(first.existed).toBe(false);
  expect(values(paged(group, changes()).rows)).toEqual(["a=removed"]);
  expect(group.one(purge("a"))).toMatchObject({ revision: first.revision, existed: false });
  group.write(put("b", "1"), remove("b"));
  group.watermark(group.replica.lastRevision);
  const { lastRevision } = group.replica;
  expect(group.one(purge("b"))).toMatchObject({ revision: lastRevision, existed: false });
});

test("keysOnly tells a value from a tombstone all the same", () => {
  const group = new TestGroup();
  group.write(put("a", "1"), put("b", "2"));
  group.one(remove("a"));
  const [result] = group.read(changes({ keysOnly: true }));
  expect(plainChanges(result).map((row) => (row as unknown[])[2])).toEqual([undefined, "", ""]);
});

/** What every state store promises, whatever it stands on. */
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { space, type Space } from "../../kv/state-reader.ts";
import type { MergePolicy } from "../../infra/state-store/merge-policy.ts";
import type { GroupStateStore, StateStore } from "../../infra/state-store/state-store.ts";
import { allCells, cutOf, names, plainVersion, put, tombstone } from "../state-store/cuts.ts";
import { checkpoint, testStores, type TestStore } from "../state-store/stores.ts";

const { data, expiry, session, meta } = space;
const newest = Number.MAX_SAFE_INTEGER;
const neverMerging: MergePolicy = { fanIn: 1000, smallBytes: 1, garbageRatio: 1000 };
const eager: MergePolicy = { fanIn: 3, smallBytes: 1 << 20, garbageRatio: 0.5 };

describe.each(testStores)("$name", ({ make }) => {
  let on: TestStore;
  let store: StateStore;
  let group: GroupStateStore;

  beforeEach(async () => {
    on = make();
    await reopen(neverMerging);
  });

  afterEach(async () => {
    await store.close();
    on.remove();
  });

  async function reopen(policy: MergePolicy): Promise<void> {
    store = await on.open(policy);
    group = store.group("g1");
  }

  const found = (key: string, atOrBelow = newest, from: Space = data) =>
    plainVersion(group.find(from, key, atOrBelow));

  const scanned = (start: string, end: string | undefined, reverse = false, from: Space = data) =>
    names(allCells(from, group.scan(from, start, end, reverse)));

  test("a group that was never checkpointed has no checkpoint and no cells", () => {
    expect(group.checkpoint).toBeUndefined();
    expect(found("a")).toBeUndefined();
    expect(scanned("", undefined)).toBe("");
    expect(scanned("", undefined, true)).toBe("");
    expect(group.statistics()).toMatchObject({
      checkpoints: 0,
      runs: 0,
      bytes: 0,
      merging: false,
      history: [],
    });
  });

  test("a written cut is seen by nobody before the switch, and by everybody after it", async () => {
    await checkpoint(on, group, cutOf({ appliedThrough: 1 }, [put(data, "a", 1, "old")]));
    await on.finish((done) =>
      group.write(cutOf({ appliedThrough: 2 }, [put(data, "a", 2, "new")]), done),
    );
    expect(found("a")?.value).toBe("old");
    expect(group.checkpoint?.appliedThrough).toBe(1);
    await on.finish((done) => group.switchTo(2, done));
    expect(found("a")?.value).toBe("new");
    expect(group.checkpoint).toEqual({ appliedThrough: 2, lastRevision: 2, watermark: 0 });
  });

  test("a version is found at its revision, in whichever run it lies", async () => {
    await checkpoint(
      on,
      group,
      cutOf({ appliedThrough: 1 }, [put(data, "a", 10, "a10"), put(data, "a", 12, "a12", 99)]),
    );
    await checkpoint(on, group, cutOf({ appliedThrough: 2 }, [put(data, "b", 14, "b14")]));
    await checkpoint(
      on,
      group,
      cutOf({ appliedThrough: 3 }, [tombstone(data, "a", 16), put(data, "a", 18, "")]),
    );
    expect(found("a", 9)).toBeUndefined();
    expect(found("a", 10)).toEqual({ revision: 10, value: "a10", expiresAt: 0 });
    expect(found("a", 11)?.revision).toBe(10);
    expect(found("a", 12)).toEqual({ revision: 12, value: "a12", expiresAt: 99 });
    expect(found("a", 15)?.revision).toBe(12);
    expect(found("a", 16)).toEqual({ revision: 16, value: undefined, expiresAt: 0 });
    expect(found("a", 18)).toEqual({ revision: 18, value: "", expiresAt: 0 });
    expect(found("b")?.value).toBe("b14");
    expect(found("ab")).toBeUndefined();
    expect(found("a", newest, meta)).toBeUndefined();
  });

  test("a scan yields keys in order and versions newest first, over all runs, both ways", async () => {
    await checkpoint(
      on,
      group,
      cutOf(
        { appliedThrough: 1 },
        ["a", "b", "d"].map((key, index) => put(data, key, index + 1, key)),
      ),
    );
    await checkpoint(
      on,
      group,
      cutOf({ appliedThrough: 2 }, [
        put(data, "b", 5, "b"),
        put(data, "b", 6, "b"),
        put(data, "c", 7, "c"),
      ]),
    );
    await checkpoint(on, group, cutOf({ appliedThrough: 3 }, [tombstone(data, "b", 8)]));
    expect(scanned("", undefined)).toBe("a@1 b@8 b@6 b@5 b@2 c@7 d@3");
    expect(scanned("b", "d")).toBe("b@8 b@6 b@5 b@2 c@7");
    expect(scanned("aa", "b")).toBe("");
    expect(scanned("", undefined, true)).toBe("d@3 c@7 b@8 b@6 b@5 b@2 a@1");
    expect(scanned("b", "d", true)).toBe("c@7 b@8 b@6 b@5 b@2");
    expect(scanned("b", "b", true)).toBe("");
    expect(scanned("e", undefined, true)).toBe("");
    expect(scanned("", "a", true)).toBe("");
  });

  test("spaces are apart, and only user data keeps older versions", async () => {
    await checkpoint(
      on,
      group,
      cutOf({ appliedThrough: 1 }, [
        put(data, "k", 1, "data"),
        put(expiry, "k", 1, "expiry"),
        put(session, "k", 1, "session"),
      ]),
    );
    await checkpoint(
      on,
      group,
      cutOf({ appliedThrough: 2 }, [
        put(data, "k", 2, "data 2"),
        put(session, "k", 2, "session 2"),
      ]),
    );
    expect(scanned("", undefined, false, data)).toBe("k@2 k@1");
    expect(scanned("", undefined, false, expiry)).toBe("k@1");
    expect(scanned("", undefined, true, expiry)).toBe("k@1");
    expect(scanned("", undefined, false, session)).toBe("k@2");
    expect(scanned("", undefined, true, session)).toBe("k@2");
    expect(found("k", 1, data)?.value).toBe("data");
    expect(found("k", 1, session)).toBeUndefined();
    expect(found("k", 2, session)?.value).toBe("session 2");
  });

  test("where no history is kept the newer run counts even at an equal revision", async () => {
    await checkpoint(on, group, cutOf({ appliedThrough: 1 }, [put(session, "s", 7, "old")]));
    await checkpoint(on, group, cutOf({ appliedThrough: 2 }, [put(session, "s", 7, "new")]));
    expect(found("s", newest, session)?.value).toBe("new");
    expect(allCells(session, group.scan(session, "", undefined, false))).toMatchObject([
      { value: "new" },
    ]);
  });

  test("keys of any bytes and values up to half a megabyte come back as they were", async () => {
    const keys = [
      "",
      "\u0000",
      "\u0000\u0000",
      "\u007f",
      "\u0080",
      "\u00ff",
      "\u00ff\u00ff",
      "k".repeat(1100),
    ];
    const sizes = [0, 1, 127, 2000, 4000, 4072, 9000, 70_000, 512 * 1024];
    const cells = [
      ...keys.map((key, index) => put(data, key, index + 1, `value ${index}`)),
      ...sizes.map((size) => put(data, `size ${size}`, 100, "\u00e9".repeat(size))),
    ];
    await checkpoint(on, group, cutOf({ appliedThrough: 1 }, cells));
    for (const { key, value } of cells)
      expect(found(key)?.value === value, key.slice(0, 20)).toBe(true);
    const inOrder = cells.map((cell) => cell.key).sort((left, right) => (left < right ? -1 : 1));
    expect(allCells(data, group.scan(data, "", undefined, false)).map((cell) => cell.key)).toEqual(
      inOrder,
    );
    expect(allCells(data, group.scan(data, "", undefined, true)).map((cell) => cell.key)).toEqual(
      inOrder.reverse(),
    );
  });

  test("a key with more versions than fit into a block is found and scanned at each of them", async () => {
    const versions = Array.from({ length: 400 }, (_, index) =>
      put(data, "hot", index + 1, `v${index + 1}`),
    );
    const cells = [put(data, "a", 1, "a"), ...versions, put(data, "z", 1, "z")];
    await checkpoint(on, group, cutOf({ appliedThrough: 1 }, cells));
    for (let revision = 1; revision <= 400; revision += 1) {
      expect(found("hot", revision)?.value).toBe(`v${revision}`);
    }
    expect(allCells(data, group.scan(data, "", undefined, false))).toHaveLength(402);
    const reversed = allCells(data, group.scan(data, "", undefined, true));
    expect(reversed.map((cell) => cell.revision)).toEqual([
      1,
      ...Array.from({ length: 400 }, (_, index) => 400 - index),
      1,
    ]);
  });

  test("what was switched to is there after reopening, what was only written is not", async () => {
    await checkpoint(
      on,
      group,
      cutOf({ appliedThrough: 1, watermark: 1 }, [put(data, "a", 5, "one")]),
    );
    await on.finish((done) =>
      group.write(cutOf({ appliedThrough: 2 }, [put(data, "a", 6, "two")]), done),
    );
    await store.close();
    await reopen(neverMerging);
    expect(group.checkpoint).toEqual({ appliedThrough: 1, lastRevision: 5, watermark: 1 });
    expect(found("a")?.value).toBe("one");
    await checkpoint(on, group, cutOf({ appliedThrough: 3 }, [put(data, "a", 7, "three")]));
    expect(found("a")?.value).toBe("three");
    expect(found("a", 6)?.value).toBe("one");
    expect(group.statistics().checkpoints).toBe(2);
  });

  test("a cut without cells moves the checkpoint and nothing else", async () => {
    await checkpoint(on, group, cutOf({ appliedThrough: 4 }, [put(data, "a", 1, "a")]));
    await checkpoint(on, group, cutOf({ appliedThrough: 9, watermark: 1 }, []));
    expect(group.checkpoint).toEqual({ appliedThrough: 9, lastRevision: 9, watermark: 1 });
    expect(group.statistics()).toMatchObject({ checkpoints: 2, runs: 1 });
    expect(found("a")?.value).toBe("a");
  });

  test("a cut goes forward", async () => {
    await checkpoint(on, group, cutOf({ appliedThrough: 4 }, []));
    expect(() => group.write(cutOf({ appliedThrough: 4 }, []), () => {})).toThrow(
      "behind the checkpoint",
    );
    expect(() => group.switchTo(5, () => {})).toThrow("is written");
  });

  test("groups of one store know nothing of each other", async () => {
    const other = store.group("g2");
    await checkpoint(on, group, cutOf({ appliedThrough: 1 }, [put(data, "a", 1, "one")]));
    await checkpoint(on, other, cutOf({ appliedThrough: 7 }, [put(data, "a", 3, "two")]));
    expect(found("a")?.value).toBe("one");
    expect(plainVersion(other.find(data, "a", newest))?.value).toBe("two");
    await store.close();
    await reopen(neverMerging);
    expect(found("a")?.value).toBe("one");
    expect(store.group("g2").checkpoint?.appliedThrough).toBe(7);
    expect(store.group("g3").checkpoint).toBeUndefined();
  });

  test("history says which checkpoint brought how many bytes, down to the watermark", async () => {
    await checkpoint(
      on,
      group,
      cutOf({ appliedThrough: 1 }, [
        put(data, "ab", 10, "123"),
        put(session, "s", 10, "not counted"),
      ]),
    );
    await checkpoint(on, group, cutOf({ appliedThrough: 2 }, [put(data, "ab", 20, "12345")]));
    expect(group.statistics().history).toEqual([
      { lastRevision: 10, bytes: 5 },
      { lastRevision: 20, bytes: 7 },
    ]);
    await checkpoint(
      on,
      group,
      cutOf({ appliedThrough: 3, watermark: 10 }, [put(data, "c", 30, "")]),
    );
    expect(group.statistics().history).toEqual([
      { lastRevision: 20, bytes: 7 },
      { lastRevision: 30, bytes: 1 },
    ]);
  });

  describe("merging", () => {
    beforeEach(async () => {
      await store.close();
      await reopen(eager);
    });

    const merged = (runs: number) =>
      on.until(`merged into ${runs} runs`, () => group.statistics().runs === runs);

    test("many runs become few, and every version above the watermark stays", async () => {
      for (let cut = 1; cut <= 9; cut += 1) {
        await checkpoint(
          on,
          group,
          cutOf({ appliedThrough: cut }, [
            put(data, "hot", cut, `v${cut}`),
            put(data, `k${cut}`, cut, "k"),
          ]),
        );
      }
      await on.until("merged", () => group.statistics().merges > 0 && group.statistics().runs <= 3);
      for (let cut = 1; cut <= 9; cut += 1) {
        expect(found("hot", cut)?.value).toBe(`v${cut}`);
        expect(found(`k${cut}`)?.value).toBe("k");
      }
      await store.close();
      await reopen(eager);
      expect(scanned("hot", "hou")).toBe("hot@9 hot@8 hot@7 hot@6 hot@5 hot@4 hot@3 hot@2 hot@1");
    });

    test("what a version at or below the watermark shadows is dropped, what is newer is not", async () => {
      for (let cut = 1; cut <= 3; cut += 1) {
        await checkpoint(
          on,
          group,
          cutOf({ appliedThrough: cut, watermark: cut === 3 ? 2 : 0 }, [put(data, "a", cut, "a")]),
        );
      }
      await merged(2);
      expect(scanned("", undefined)).toBe("a@3 a@2");
    });

    test("a tombstone at or below the watermark vanishes with the oldest run", async () => {
      await checkpoint(
        on,
        group,
        cutOf({ appliedThrough: 1 }, [put(data, "a", 1, "a"), put(data, "b", 1, "b")]),
      );
      await checkpoint(on, group, cutOf({ appliedThrough: 2 }, [tombstone(data, "a", 2)]));
      await checkpoint(
        on,
        group,
        cutOf({ appliedThrough: 3, watermark: 3 }, [put(data, "c", 3, "c")]),
      );
      await merged(1);
      expect(scanned("", undefined)).toBe("b@1 c@3");
      await checkpoint(
        on,
        group,
        cutOf({ appliedThrough: 4, watermark: 4 }, [
          tombstone(data, "b", 4),
          tombstone(data, "c", 4),
        ]),
      );
      await merged(0);
      expect(scanned("", undefined)).toBe("");
      expect(group.checkpoint?.appliedThrough).toBe(4);
    });

    test("a merge above the oldest run keeps the tombstone that hides a version in it", async () => {
      const large = "x".repeat(400_000);
      const base = ["a", "b", "c", "d", "e", "f"].map((key) => put(data, key, 1, large));
      await checkpoint(on, group, cutOf({ appliedThrough: 1 }, base));
      await checkpoint(on, group, cutOf({ appliedThrough: 2 }, [tombstone(data, "a", 2)]));
      await checkpoint(on, group, cutOf({ appliedThrough: 3 }, [put(data, "g", 3, "g")]));
      await checkpoint(
        on,
        group,
        cutOf({ appliedThrough: 4, watermark: 3 }, [put(data, "h", 4, "h")]),
      );
      await merged(2);
      expect(found("a")).toMatchObject({ revision: 2, value: undefined });
      expect(scanned("", "b")).toBe("a@2 a@1");
    });

    test("where no history is kept only the newest version survives, whatever the watermark", async () => {
      for (let cut = 1; cut <= 3; cut += 1) {
        await checkpoint(
          on,
          group,
          cutOf({ appliedThrough: cut }, [
            put(session, "s", cut, `${cut}`.repeat(2000)),
            cut === 3 ? tombstone(session, "t", cut) : put(session, "t", cut, "t"),
          ]),
        );
      }
      const before = group.statistics().bytes;
      await merged(1);
      expect(scanned("", undefined, false, session)).toBe("s@3");
      expect(found("s", newest, session)?.value).toBe("3".repeat(2000));
      expect(group.statistics().bytes).toBeLessThan(before);
    });

    test("groups are merged in turn", async () => {
      const other = store.group("g2");
      for (let cut = 1; cut <= 6; cut += 1) {
        await checkpoint(on, group, cutOf({ appliedThrough: cut }, [put(data, "a", cut, "a")]));
        await checkpoint(on, other, cutOf({ appliedThrough: cut }, [put(data, "b", cut, "b")]));
      }
      const few = (of: GroupStateStore) => of.statistics().runs <= 2;
      await on.until("both are merged", () => few(group) && few(other));
    });
  });
});

/** Where a watch begins, where it goes on, and how it says that it cannot. */
import * as fc from "fast-check";
import { beforeEach, describe, expect, test } from "vitest";
import { WatchGapError } from "../../../client/errors.ts";
import { continuedAt, cursorText, parseCursor } from "../../../client/watch/cursor.ts";
import type { Beginning, Stretch } from "../../../client/watch/strand.ts";
import { revisionsPerMs } from "../../../kv/revision.ts";
import { clusterId, FakeCluster, movedRegions } from "../support/fake-cluster.ts";
import { FakeStore, keyNamed } from "../support/fake-store.ts";
import { group1, group2, WatchProbe } from "../support/watch-probe.ts";

let world: FakeCluster;
let store: FakeStore;

beforeEach(() => {
  world = new FakeCluster();
  store = new FakeStore(world, "g1");
});

async function calm(): Promise<void> {
  await world.runFor(200);
}

/** All of the keys that the watch is for, where another goes on. */
function continuation({ core }: WatchProbe): readonly Stretch[] {
  return continuedAt([group1], parseCursor(clusterId, core.cursorText ?? ""));
}

describe("current values", () => {
  test("come first, in order of revisions, then what changes", async () => {
    store.put("c", "1");
    store.put("a", "1");
    store.put("b", "1");
    store.put("a", "2");
    store.remove("c");
    const watch = new WatchProbe(world, { kind: "current" });
    await world.until("they are told", () => watch.initializedAfter !== undefined);
    expect(watch.told).toBe("b=1 a=2");
    expect(watch.initializedAfter).toBe(2);
    store.say(store.put("c", "2"));
    await calm();
    expect(watch.told).toBe("b=1 a=2 c=2");
  });

  test("of nothing are told at once", async () => {
    const watch = new WatchProbe(world, { kind: "current" });
    await world.until("it has begun", () => watch.initializedAfter === 0);
    store.say(store.put("a", "1"));
    await calm();
    expect(watch.told).toBe("a=1");
  });

  test("that are many come page by page as they are taken, all of one moment", async () => {
    world = new FakeCluster({ watchLimits: { bufferedChangesMax: 20, heldChangesMax: 5 } });
    store = new FakeStore(world, "g1");
    store.pageRows = 10;
    for (let at = 100; at < 200; at++) store.put(`k${at}`, "1");
    const watch = new WatchProbe(world, { kind: "current" }, { slow: true });
    await world.until("something is there", () => watch.core.waiting > 0);
    await calm();
    expect(watch.core.waiting).toBeLessThanOrEqual(40);
    for (let at = 190; at < 200; at++) store.say(store.put(`k${at}`, "2"));
    for (let at = 100; at < 110; at++) store.say(store.put(`k${at}`, "2"));
    store.put("k105", "3");
    store.remove("k100");
    while (watch.initializedAfter === undefined) {
      watch.take(5);
      await world.runFor(10);
    }
    expect(watch.initializedAfter).toBe(100);
    expect(watch.changes.every(({ value }) => Buffer.from(value).toString() === "1")).toBe(true);
    store.sayProgress();
    await calm();
    watch.take();
    await calm();
    watch.take();
    const later = watch.told.split(" ").slice(100);
    const again = [...Array(10).keys()];
    const written = [
      ...again.map((at) => `k${190 + at}=2`),
      ...again.map((at) => `k${100 + at}=2`),
    ];
    expect(later).toEqual([...written, "k105=3", "k100-"]);
  });

  test("are what a cursor goes on with until all of them were taken", async () => {
    store.put("a", "1");
    store.put("b", "1");
    const watch = new WatchProbe(world, { kind: "current" }, { slow: true });
    await world.until("they are there", () => watch.core.waiting === 2);
    watch.take(1);
    expect(continuation(watch)[0]?.beginning).toEqual({ kind: "current" });
    watch.take(1);
    expect(continuation(watch)[0]?.beginning).toEqual({ kind: "after", revision: store.revision });
  });
});

describe("what is wanted of the changes", () => {
  beforeEach(() => {
    store.put("a.1", "1");
    store.put("b.1", "1");
    store.put("b.2", "1");
    store.remove("b.2");
  });

  test("may be those of some keys", async () => {
    const filter = { name: "b", matches: (key: string) => key.includes("b.") };
    const watch = new WatchProbe(world, { kind: "current" }, { filter });
    await calm();
    store.say(store.put("a.1", "2"));
    store.say(store.put("b.2", "2"));
    store.put("b.1", "lost");
    store.put("a.1", "lost");
    store.sayProgress();
    await calm();
    expect(watch.told).toBe("b.1=1 b.2=2 b.1=lost");
  });

  test("may be one key's", async () => {
    const range = { start: keyNamed("b.1"), end: keyNamed("b.1\0") };
    const watch = new WatchProbe(world, { kind: "history" }, { range });
    await calm();
    store.say(
      store.write(
        [
          ["a", "1"],
          ["b.1", "2"],
        ],
        [["b.1", "3"]],
      ),
    );
    store.say(store.put("b.10", "1"));
    await calm();
    expect(watch.told).toBe("b.1=1 b.1=2 b.1=3");
  });

  test("may leave out what was removed", async () => {
    const watch = new WatchProbe(world, { kind: "history" }, { ignoreDeletes: true });
    await calm();
    store.say(store.remove("a.1"));
    store.remove("b.1");
    store.say(store.put("c", "1"));
    await calm();
    expect(watch.told).toBe("a.1=1 b.1=1 b.2=1 c=1");
  });

  test("may be keys only", async () => {
    const watch = new WatchProbe(world, { kind: "current" }, { keysOnly: true });
    await calm();
    expect(store.reads[0]).toMatchObject({ keysOnly: true });
    store.say(store.put("c", "1"));
    await calm();
    expect(watch.changes.at(-1)?.value.length).toBe(0);
  });
});

describe("going on", () => {
  test("behind a revision tells everything since, and nothing of before", async () => {
    store.put("a", "1");
    const { revision } = store;
    store.put("a", "2");
    store.remove("b");
    const watch = new WatchProbe(world, { kind: "after", revision });
    await calm();
    store.say(store.put("a", "3"));
    await calm();
    expect(watch.told).toBe("a=2 b- a=3");
  });

  test("at the watermark is possible, below it is a gap", async () => {
    store.put("a", "1");
    const old = store.revision;
    store.put("a", "2");
    store.watermark = store.revision;
    store.put("a", "3");
    const watch = new WatchProbe(world, { kind: "after", revision: store.watermark });
    await calm();
    expect(watch.told).toBe("a=3");
    const late = new WatchProbe(world, { kind: "after", revision: old });
    await calm();
    const { failure } = late.core;
    expect(failure).toBeInstanceOf(WatchGapError);
    expect(failure).toMatchObject({
      code: "WATCH_GAP",
      outcome: "not executed",
      retryable: false,
      group: "g1",
      revision: old,
    });
    expect((failure as Error).message).toContain(String(old));
    const { cursor } = failure as WatchGapError;
    const stretches = continuedAt([group1], parseCursor(clusterId, cursor));
    const anew = new WatchProbe(world, { kind: "now" }, { stretches });
    await calm();
    expect(anew.told).toBe("a=3");
    expect(anew.core.failure).toBeUndefined();
  });

  test("behind a revision that is still to come by little leaves out what lies before it", async () => {
    store.put("a", "1");
    const revision = store.revision + 2;
    const watch = new WatchProbe(world, { kind: "after", revision });
    await calm();
    for (const value of ["2", "3", "4", "5"]) store.say(store.put("a", value));
    await calm();
    expect(watch.told).toBe("a=4 a=5");
    expect(watch.revisions).toEqual([revision + 1, revision + 2]);
  });

  test("behind a revision far in the future is refused", async () => {
    const revision = store.revision + 3_600_000 * revisionsPerMs;
    const watch = new WatchProbe(world, { kind: "after", revision });
    await calm();
    expect(watch.core.failure).toMatchObject({ code: "CLOCK_TOO_FAR_AHEAD", retryable: false });
    expect(watch.placed).toBe(false);
  });

  test("at a cursor hands out what another watch has not, unit by unit", async () => {
    store.put("a", "0");
    const first = new WatchProbe(world, { kind: "now" }, { slow: true });
    await world.until("it has begun", () => first.placed);
    store.say(store.put("a", "1"));
    store.say(
      store.write([
        ["a", "2"],
        ["b", "2"],
        ["c", "2"],
      ]),
    );
    store.say(store.put("a", "3"));
    await world.until("all of it came", () => first.core.waiting === 5);
    const expected = ["a=1", "a=2", "b=2", "c=2", "a=3"];
    const goesOnWith = [0, 1, 1, 1, 4, 5];
    for (const [taken, from] of goesOnWith.entries()) {
      const second = new WatchProbe(world, { kind: "now" }, { stretches: continuation(first) });
      await calm();
      expect([taken, second.told]).toEqual([taken, expected.slice(from).join(" ")]);
      second.core.stop();
      first.take(1);
    }
  });

  test("a watch that only follows has no cursor before it knows where it began", async () => {
    store.holdsReads = true;
    const watch = new WatchProbe(world, { kind: "now" });
    expect(watch.core.cursor).toBeUndefined();
    await world.until("it asks", () => store.heldReads.length > 0);
    expect(watch.core.cursor).toBeUndefined();
    store.answerHeld();
    await calm();
    expect(watch.core.cursor).toHaveLength(1);
  });

  test("history that is larger than what may wait comes bit by bit, in order", async () => {
    world = new FakeCluster({ watchLimits: { bufferedChangesMax: 30 } });
    store = new FakeStore(world, "g1");
    store.pageRows = 40;
    for (let at = 0; at < 200; at++)
      store.write([
        [`k${at % 11}`, String(at)],
        ["b", String(at)],
      ]);
    const watch = new WatchProbe(world, { kind: "after", revision: 0 }, { slow: true });
    let most = 0;
    while (watch.changes.length < 400) {
      await world.runFor(5);
      most = Math.max(most, watch.core.waiting);
      watch.take(3);
    }
    expect(most).toBeLessThan(60);
    expect(watch.revisions).toEqual(watch.revisions.toSorted((left, right) => left - right));
    const values = watch.changes.map(({ value }) => Number(Buffer.from(value).toString()));
    expect(values).toEqual(Array.from({ length: 400 }, (_, at) => Math.floor(at / 2)));
  });
});

describe("cursors", () => {
  const after = (revision: number): Beginning => ({ kind: "after", revision });

  test("are text that says where to go on in which range", () => {
    const parts: Stretch[] = [
      { range: { start: "b\0a", end: "b\0m" }, beginning: after(7) },
      { range: { start: "b\0m", end: "b\0p" }, beginning: after(7) },
      { range: { start: "b\0p", end: undefined }, beginning: { kind: "current" } },
    ];
    const text = cursorText("c", parts);
    expect(text).toMatch(/^[-\w]+$/);
    expect(parseCursor("c", text)).toEqual([
      { range: { start: "b\0a", end: "b\0p" }, beginning: after(7) },
      { range: { start: "b\0p", end: undefined }, beginning: { kind: "current" } },
    ]);
    expect(continuedAt([{ start: "b\0b", end: "b\0q" }], parseCursor("c", text))).toEqual([
      { range: { start: "b\0b", end: "b\0p" }, beginning: after(7) },
      { range: { start: "b\0p", end: "b\0q" }, beginning: { kind: "current" } },
    ]);
  });

  test("are read from any bytes, or refused", () => {
    const good = cursorText("c", [
      { range: group1, beginning: after(7) },
      { range: group2, beginning: { kind: "current" } },
    ]);
    const bytes = Buffer.from(good, "base64url");
    const mutated = fc
      .tuple(fc.nat(bytes.length - 1), fc.nat(255), fc.nat(bytes.length))
      .map(([at, value, length]) => {
        const copy = Uint8Array.from(bytes);
        copy[at] = value;
        return Buffer.from(copy.subarray(0, length === 0 ? bytes.length : length));
      });
    const text = fc.oneof(
      fc.string(),
      fc.uint8Array().map((some) => Buffer.from(some)),
      mutated,
    );
    fc.assert(
      fc.property(text, (some) => {
        const cursor = typeof some === "string" ? some : some.toString("base64url");
        try {
          const parts = parseCursor("c", cursor);
          expect(parseCursor("c", cursorText("c", parts)).length).toBeLessThanOrEqual(parts.length);
        } catch (failure) {
          expect(failure).toMatchObject({ code: "BAD_REQUEST" });
        }
      }),
      { numRuns: 2_000 },
    );
  });

  test("of other keys, and what is none, are refused", () => {
    const cursor = parseCursor("c", cursorText("c", [{ range: group1, beginning: after(7) }]));
    expect(() => continuedAt([group2], cursor)).toThrow(/other keys/);
    expect(() => continuedAt([{ ...group1, end: undefined }], cursor)).toThrow(/other keys/);
    const text = cursorText("c", [{ range: group1, beginning: after(7) }]);
    expect(() => parseCursor("another", text)).toThrow(/in cluster c, not another/);
    for (const text of ["", "!", "kQ", "kgGU", "x".repeat(100)]) {
      expect(() => parseCursor("c", text)).toThrow(
        expect.objectContaining({ code: "BAD_REQUEST" }),
      );
    }
  });
});

describe("several groups", () => {
  test("are followed each by itself, and a cursor knows where it is in each", async () => {
    const second = new FakeStore(world, "g2");
    const answerSecond = world.react;
    store = new FakeStore(world, "g1", (attempt) => answerSecond?.(attempt));
    store.put("a", "1");
    second.put("z", "1");
    const whole = { start: keyNamed(""), end: undefined };
    const watch = new WatchProbe(world, { kind: "current" }, { range: whole });
    await world.until("both are told", () => watch.initializedAfter === 2);
    expect(new Set(watch.told.split(" "))).toEqual(new Set(["a=1", "z=1"]));
    second.say(second.put("z", "2"));
    store.put("a", "lost");
    await calm();
    expect(watch.changes).toHaveLength(3);
    const cursor = watch.core.cursor ?? [];
    expect(cursor.map(({ range: { start }, beginning }) => [start, beginning])).toEqual([
      [keyNamed(""), { kind: "after", revision: store.revision - 1 }],
      [keyNamed("m"), { kind: "after", revision: second.revision }],
    ]);
    store.sayProgress();
    second.sayProgress();
    await calm();
    expect(watch.told.endsWith("z=2 a=lost")).toBe(true);
    expect(Object.fromEntries(watch.progress)).toEqual({ g1: store.revision, g2: second.revision });
    // History of one group is gone: the other is not begun anew.
    store.watermark = store.revision + 1;
    store.put("a", "gone");
    store.put("a", "2");
    store.sayProgress();
    await calm();
    const { failure } = watch.core;
    expect(failure).toMatchObject({ code: "WATCH_GAP", group: "g1" });
    const stretches = continuedAt(
      [whole],
      parseCursor(clusterId, (failure as WatchGapError).cursor),
    );
    second.put("z", "3");
    const anew = new WatchProbe(world, { kind: "now" }, { stretches });
    await calm();
    expect(anew.told.split(" ").toSorted()).toEqual(["a=2", "z=3"]);
  });

  test("ranges of one group with another's between them are told in one order", async () => {
    const start = keyNamed("");
    const regions = [
      { id: 1, version: 2, start: "", end: keyNamed("c"), group: "g1" },
      { id: 2, version: 2, start: keyNamed("c"), end: keyNamed("r"), group: "g2" },
      { id: 3, version: 2, start: keyNamed("r"), end: undefined, group: "g1" },
    ];
    world = new FakeCluster({ route: { version: 2, regions } });
    store = new FakeStore(world, "g1", (attempt) => attempt.refuse("NO_QUORUM"));
    store.pageRows = 2;
    store.put("z", "1");
    store.put("a", "1");
    store.put("x", "1");
    store.put("b", "1");
    const current = new WatchProbe(
      world,
      { kind: "current" },
      { range: { start, end: undefined } },
    );
    const { revision } = store;
    store.put("z", "2");
    store.put("a", "2");
    await calm();
    expect(current.told).toBe("x=1 b=1 z=2 a=2");
    const range = { start, end: undefined };
    const behind = new WatchProbe(world, { kind: "after", revision }, { range });
    await calm();
    store.say(
      store.write(
        [["y", "3"]],
        [
          ["a", "3"],
          ["z", "3"],
        ],
      ),
    );
    await calm();
    store.put("z", "lost");
    store.put("a", "lost");
    store.sayProgress();
    await calm();
    expect(behind.told).toBe("z=2 a=2 y=3 a=3 z=3 z=lost a=lost");
    expect(current.told).toBe(`x=1 b=1 ${behind.told}`);
    const ranges = [
      { start, end: keyNamed("c") },
      { start: keyNamed("r"), end: undefined },
    ];
    const ofFirst = (current.core.cursor ?? []).filter(
      ({ beginning }) => beginning.kind === "after",
    );
    expect(ofFirst).toEqual(
      ranges.map((one) => ({ range: one, beginning: { kind: "after", revision: store.revision } })),
    );
  });

  test("a range that another group has taken over is followed there", async () => {
    const second = new FakeStore(world, "g2");
    const answerSecond = world.react;
    store = new FakeStore(world, "g1", (attempt) => answerSecond?.(attempt));
    store.put("a", "1");
    const watch = new WatchProbe(world, { kind: "current" });
    await world.until("it has begun", () => watch.initializedAfter === 1);
    // Versions move with their keys; the new owner's time is not behind.
    second.put("a", "1");
    second.tick(store.revision + 10 - second.revision);
    second.put("a", "2");
    world.reroute(movedRegions);
    world.client.core.refreshRoute();
    await calm();
    second.say(second.put("a", "3"));
    store.say(store.put("a", "of nobody"));
    await calm();
    expect(watch.told).toBe("a=1 a=2 a=3");
  });
});

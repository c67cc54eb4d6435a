/** A watch that counts down says of the last change of its beginning that it is the last, and never waits long to know. */
import { beforeEach, expect, test } from "vitest";
import { changeOperation } from "../../../kv/change.ts";
import type { Attempt } from "../support/fake-cluster.ts";
import { FakeCluster } from "../support/fake-cluster.ts";
import { FakeStore } from "../support/fake-store.ts";
import { group1, group2, WatchProbe } from "../support/watch-probe.ts";

let world: FakeCluster;
let store: FakeStore;
/** Reads of the second group, which answers when the test says so. */
let others: Attempt[];

beforeEach(() => {
  world = new FakeCluster();
  others = [];
  store = new FakeStore(world, "g1", (attempt) => others.push(attempt));
});

function watchBoth(): WatchProbe {
  const beginning = { kind: "current" } as const;
  const stretches = [group1, group2].map((range) => ({ range, beginning }));
  return new WatchProbe(world, beginning, { stretches, countsDown: true });
}

test("the changes of the beginning are counted down, what follows is not", async () => {
  for (const key of ["a", "b", "c"]) store.put(key, "1");
  const watch = new WatchProbe(world, { kind: "current" }, { countsDown: true });
  await world.until("they are told", () => watch.changes.length === 3);
  store.say(store.put("d", "1"));
  await world.until("the next is told", () => watch.changes.length === 4);
  // Whoever takes them as they come knows of one at least.
  expect(watch.left).toEqual([1, 1, 0, undefined]);
  const slow = new WatchProbe(world, { kind: "current" }, { countsDown: true, slow: true });
  await world.until("they are there", () => slow.core.waiting === 4);
  slow.take();
  expect(slow.left).toEqual([3, 2, 1, 0]);
});

test("the last one waits until all groups have answered", async () => {
  store.put("a", "1");
  store.put("b", "1");
  const watch = watchBoth();
  await world.until("the other group is asked", () => others.length > 0);
  await world.runFor(50);
  expect([watch.told, watch.left]).toEqual(["a=1", [1]]);
  for (const attempt of others) attempt.execute();
  await world.until("the last is told", () => watch.changes.length === 2);
  expect(watch.left).toEqual([1, 0]);
  expect(watch.initializedAfter).toBe(2);
});

test("a group that does not answer holds the last one up for half a second, and nothing else", async () => {
  store.put("a", "1");
  const watch = watchBoth();
  await world.until("the other group is asked", () => others.length > 0);
  await world.runFor(300);
  expect(watch.told).toBe("");
  store.say(store.put("b", "1"));
  await world.runFor(50);
  expect(watch.told).toBe("a=1");
  await world.runFor(500);
  expect(watch.told).toBe("a=1 b=1");
  store.say(store.put("c", "1"));
  await world.runFor(20);
  expect([watch.told, watch.left]).toEqual(["a=1 b=1 c=1", [1, 1, 1]]);
});

test("current entries include tombstones where they are wanted, unless deletes are not", async () => {
  store.put("a", "1");
  store.put("b", "1");
  store.remove("a", changeOperation.purge);
  const form = { countsDown: true, tombstonesToo: true };
  const watch = new WatchProbe(world, { kind: "current" }, form);
  const without = new WatchProbe(world, { kind: "current" }, { ...form, ignoreDeletes: true });
  await world.until("both begin", () => watch.changes.length === 2 && without.changes.length === 1);
  expect([without.told, without.left]).toEqual(["b=1", [0]]);
  expect(watch.told).toMatch(/^b=1 a[-!]$/);
  expect(watch.left).toEqual([1, 0]);
});

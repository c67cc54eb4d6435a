/** A consumer that does not keep up: bounded memory, nothing lost; and many watches that cost the store no more than one. */
import { expect, test } from "vitest";
import { FakeCluster } from "../support/fake-cluster.ts";
import { FakeStore } from "../support/fake-store.ts";
import { WatchProbe } from "../support/watch-probe.ts";

const limits = { bufferedChangesMax: 50, heldChangesMax: 20 };

function begun(watchLimits: object = limits): { world: FakeCluster; store: FakeStore } {
  const world = new FakeCluster({ watchLimits });
  return { world, store: new FakeStore(world, "g1") };
}

test("what waits is bounded, and the rest is read when it is wanted", async () => {
  const { world, store } = begun();
  const watch = new WatchProbe(world, { kind: "now" }, { slow: true });
  await world.until("it has begun", () => watch.placed);
  for (let at = 0; at < 500; at++) {
    store.say(store.put(`k${at % 7}`, String(at)));
    if (at % 50 === 0) await world.runFor(5);
  }
  await world.runFor(1_000);
  expect(watch.core.waiting).toBe(50);
  expect(watch.core.status).toBe("catching up");
  const readBefore = store.reads.length;
  await world.runFor(10_000);
  expect(store.reads.length).toBe(readBefore);
  while (watch.changes.length < 500) {
    watch.take(9);
    expect(watch.core.waiting).toBeLessThanOrEqual(100);
    await world.runFor(5);
  }
  const values = watch.changes.map(({ value }) => Number(Buffer.from(value).toString()));
  expect(values).toEqual(Array.from({ length: 500 }, (_, at) => at));
  store.say(store.put("a", "live again"));
  await world.runFor(100);
  watch.take();
  expect(watch.changes).toHaveLength(501);
  expect(watch.core.status).toBe("live");
});

test("bytes count as well", async () => {
  const { world, store } = begun({ bufferedBytesMax: 10_000 });
  const watch = new WatchProbe(world, { kind: "now" }, { slow: true });
  await world.until("it has begun", () => watch.placed);
  for (let at = 0; at < 50; at++) store.say(store.put("a", `${at} ${"x".repeat(1_000)}`));
  await world.runFor(100);
  expect(watch.core.waiting).toBeLessThan(12);
  while (watch.changes.length < 50) {
    watch.take(2);
    await world.runFor(5);
  }
  expect(new Set(watch.revisions).size).toBe(50);
});

test("a consumer that is behind for longer than history is kept is told so, after what it missed nothing of", async () => {
  const { world, store } = begun();
  const watch = new WatchProbe(world, { kind: "now" }, { slow: true });
  await world.until("it has begun", () => watch.placed);
  for (let at = 0; at < 200; at++) store.say(store.put("a", String(at)));
  await world.runFor(100);
  store.watermark = store.revision;
  store.put("a", "last");
  watch.take(30);
  await world.runFor(100);
  expect(watch.core.failure).toBeUndefined();
  watch.take();
  expect(watch.core.failure).toMatchObject({ code: "WATCH_GAP", revision: watch.revisions.at(-1) });
  expect(watch.changes).toHaveLength(50);
});

test("more is said while history is read than may be kept: it is read as well", async () => {
  const { world, store } = begun();
  const watch = new WatchProbe(world, { kind: "now" });
  await world.until("it has begun", () => watch.placed);
  store.put("a", "lost");
  store.holdsReads = true;
  store.sayProgress();
  await world.until("it asks", () => store.heldReads.length > 0);
  const [asked] = store.heldReads.splice(0);
  store.holdsReads = false;
  const answerAt = store.slot;
  for (let at = 0; at < 100; at++) store.say(store.put("b", String(at)));
  await world.runFor(50);
  expect(store.slot).toBeGreaterThan(answerAt + 20);
  if (asked !== undefined) store.answer(asked);
  store.say(store.put("b", "end"));
  await world.runFor(500);
  expect(watch.changes).toHaveLength(102);
  expect(watch.revisions).toEqual(watch.revisions.toSorted((left, right) => left - right));
});

test("a thousand watches of the same keys ask as one, at the beginning and after a gap", async () => {
  const { world, store } = begun({});
  store.put("a", "1");
  const watches = Array.from({ length: 1_000 }, () => new WatchProbe(world, { kind: "current" }));
  await world.until("all have begun", () => watches.every(({ placed }) => placed));
  expect(store.reads).toHaveLength(1);
  expect(store.interestsHeard).toBe(1);
  store.say(store.put("a", "2"));
  store.put("a", "lost");
  store.say(store.put("a", "3"));
  await world.runFor(200);
  expect(new Set(watches.map(({ told }) => told))).toEqual(new Set(["a=1 a=2 a=lost a=3"]));
  expect(store.reads).toHaveLength(2);
  // They share what they hold.
  expect(new Set(watches.map(({ changes }) => changes[1]?.value)).size).toBe(1);
});

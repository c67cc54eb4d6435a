/** What a watch makes of a feed that loses, repeats, reorders and cuts: every change once, in order, none left out. */
import { beforeEach, describe, expect, test } from "vitest";
import { FeedEncoder } from "../../../infra/codec/feed-codec.ts";
import { changeOperation } from "../../../kv/change.ts";
import { FakeCluster } from "../support/fake-cluster.ts";
import { FakeStore } from "../support/fake-store.ts";
import { WatchProbe } from "../support/watch-probe.ts";

let world: FakeCluster;
let store: FakeStore;

beforeEach(async () => {
  world = new FakeCluster();
  store = new FakeStore(world, "g1");
  store.put("old", "0");
  await world.until("a route is known", () => world.client.core.routes !== undefined);
});

/** A watch of updates that hears the feed. */
async function live(
  options: ConstructorParameters<typeof WatchProbe>[2] = {},
): Promise<WatchProbe> {
  const watch = new WatchProbe(world, { kind: "now" }, options);
  await world.until("it knows where it begins", () => watch.placed);
  store.sayProgress();
  await world.until("it is live", () => watch.core.status === "live");
  store.reads.length = 0;
  return watch;
}

async function calm(): Promise<void> {
  await world.runFor(200);
}

test("changes are told as they are made, without a read", async () => {
  const watch = await live();
  store.say(store.put("a", "1"));
  store.say(
    store.write(
      [
        ["b", "2"],
        ["c", "3"],
      ],
      [["a", undefined]],
    ),
  );
  store.say(store.tick());
  store.say(store.put("z", "another group's"));
  await calm();
  expect(watch.told).toBe("a=1 b=2 c=3 a-");
  expect(new Set(watch.revisions).size).toBe(3);
  expect(store.reads).toEqual([]);
  expect(watch.progress.get("g1")).toBe(store.revision);
});

test("an expiry is told as one", async () => {
  const watch = await live();
  store.say(store.remove("a", changeOperation.expire));
  await calm();
  expect(watch.told).toBe("ax");
});

test("what is said twice, or late by an old leader, is told once", async () => {
  const watch = await live();
  const first = store.put("a", "1");
  const second = store.put("a", "2");
  store.say(first);
  store.say(second);
  store.say(first, { node: "n2" });
  store.say(second, { node: "n2", previousSlot: 0 });
  await calm();
  store.say(store.put("a", "3"));
  await calm();
  expect(watch.told).toBe("a=1 a=2 a=3");
  expect(store.reads).toEqual([]);
});

test("a lost message is noticed by the next one, and read", async () => {
  const watch = await live();
  store.say(store.put("a", "1"));
  store.put("a", "lost");
  store.remove("b");
  store.say(store.put("a", "2"));
  await calm();
  expect(watch.told).toBe("a=1 a=lost b- a=2");
  expect(store.reads).toHaveLength(1);
});

test("a lost last message is noticed by the next word on progress", async () => {
  const watch = await live();
  store.put("a", "lost");
  store.sayProgress();
  await calm();
  expect(watch.told).toBe("a=lost");
});

test("entries that change nothing may be lost", async () => {
  const watch = await live();
  store.say(store.put("a", "1"));
  store.tick();
  store.tick();
  store.say(store.put("a", "2"));
  await calm();
  expect(watch.told).toBe("a=1 a=2");
  expect(store.reads).toEqual([]);
});

test("messages that overtake each other are put in order", async () => {
  const watch = await live();
  const [first, second, third] = [store.put("a", "1"), store.put("a", "2"), store.put("a", "3")];
  store.say(third);
  store.say(first);
  store.say(second);
  await calm();
  expect(watch.told).toBe("a=1 a=2 a=3");
});

test("what is said while history is read is not lost, nor told twice", async () => {
  const watch = await live();
  store.put("a", "lost");
  store.holdsReads = true;
  store.say(store.put("a", "1"));
  await world.until("the difference is asked for", () => store.heldReads.length === 1);
  store.say(store.put("a", "2"));
  await calm();
  expect(watch.told).toBe("");
  store.answerHeld();
  store.say(store.put("a", "3"));
  await calm();
  expect(watch.told).toBe("a=lost a=1 a=2 a=3");
  expect(store.reads).toHaveLength(1);
});

test("a read that is older than what was heard meanwhile hides nothing", async () => {
  const watch = await live();
  store.put("a", "lost");
  store.holdsReads = true;
  store.sayProgress();
  await world.until("the difference is asked for", () => store.heldReads.length === 1);
  const [asked] = store.heldReads.splice(0);
  const slot = store.slot;
  store.holdsReads = false;
  if (asked !== undefined) store.answer(asked);
  const late = store.put("a", "after the read");
  store.put("a", "lost too");
  store.say(store.put("a", "1"));
  store.say(late);
  await calm();
  expect(slot).toBeLessThan(late.slot);
  expect(watch.told).toBe("a=lost a=after the read a=lost too a=1");
});

test("a conservative new leader costs a read, not a change", async () => {
  const watch = await live();
  store.say(store.put("a", "1"));
  store.tick();
  store.tick();
  store.say(store.put("a", "2"), { node: "n2", previousSlot: store.slot - 1 });
  await calm();
  expect(watch.told).toBe("a=1 a=2");
  expect(store.reads).toHaveLength(1);
});

describe("a large entry", () => {
  const unit = [
    ["a", "x".repeat(100)],
    ["b", "x".repeat(100)],
    ["c", "x".repeat(100)],
  ] as const;

  test("is told when all its parts are there, in whatever order", async () => {
    const watch = await live();
    const entry = store.write(unit);
    store.say(entry, { partBytes: 260, only: [3] });
    store.say(entry, { partBytes: 260, only: [1] });
    await calm();
    expect(watch.changes).toHaveLength(0);
    store.say(entry, { partBytes: 260, only: [2] });
    await calm();
    expect(watch.changes.map(({ key }) => key.at(-1))).toEqual(["a", "b", "c"]);
    expect(store.reads).toEqual([]);
  });

  test("is read when a part of it is lost", async () => {
    const watch = await live();
    const entry = store.write(unit);
    store.say(entry, { partBytes: 260, only: [1, 3] });
    store.say(store.put("d", "1"));
    await calm();
    expect(watch.changes.map(({ key }) => key.at(-1))).toEqual(["a", "b", "c", "d"]);
    expect(store.reads).toHaveLength(1);
  });

  test("cut in two ways is not mixed up", async () => {
    const watch = await live();
    const entry = store.write(unit);
    store.say(entry, { partBytes: 260, only: [1] });
    store.say(entry, { partBytes: 380, only: [2], node: "n2" });
    await calm();
    expect(watch.changes).toHaveLength(0);
    store.say(entry, { partBytes: 380, only: [1], node: "n2" });
    await calm();
    expect(watch.changes.map(({ key }) => key.at(-1))).toEqual(["a", "b", "c"]);
  });
});

test("what is not resolved yet waits, and comes in order of revisions", async () => {
  const watch = await live();
  const before = store.revision;
  const second = store.write([["b", "2"]]);
  // As when a transaction that was prepared earlier commits at a lower revision, behind it in the log.
  store.say(
    { ...second, changes: second.changes.map((change) => ({ ...change, revision: before + 9 })) },
    { resolved: before + 1 },
  );
  await calm();
  expect(watch.told).toBe("");
  const first = store.write([["a", "1"]]);
  store.say(
    { ...first, changes: first.changes.map((change) => ({ ...change, revision: before + 5 })) },
    { resolved: before + 9 },
  );
  await calm();
  expect(watch.told).toBe("a=1 b=2");
});

test("a broken connection is mended by reading the difference", async () => {
  const watch = await live();
  world.network.disconnect(world.clientTransport);
  await world.until("it is noticed", () => !world.clientTransport.connected);
  expect(watch.core.status).toBe("disconnected");
  store.say(store.put("a", "unheard"));
  await world.until("it is connected again", () => world.clientTransport.connected);
  await calm();
  expect(watch.told).toBe("a=unheard");
  store.say(store.put("a", "1"));
  await calm();
  expect(watch.told).toBe("a=unheard a=1");
  expect(watch.core.status).toBe("live");
});

test("silence is mended by asking for the feed again, and by reading", async () => {
  const watch = await live();
  const heard = store.interestsHeard;
  store.put("a", "unsaid");
  await world.until("the silence is noticed", () => watch.told !== "", 3_500);
  expect(store.interestsHeard).toBe(heard + 1);
  expect(watch.statuses).toContain("disconnected");
  await world.runFor(60_000);
  // Longer pauses, but never silent.
  expect(store.interestsHeard - heard).toBeGreaterThan(8);
  expect(store.interestsHeard - heard).toBeLessThan(30);
  store.put("a", "unsaid too");
  await world.until("it is read", () => watch.told === "a=unsaid a=unsaid too", 8_000);
  store.sayProgress();
  await calm();
  expect(watch.core.status).toBe("live");
});

test("interest is renewed only when it runs out, however many watch", async () => {
  const others = Array.from({ length: 50 }, () => new WatchProbe(world, { kind: "now" }));
  await live();
  expect(store.interestsHeard).toBe(1);
  for (let second = 0; second < 60; second++) {
    store.sayProgress({ interestMs: 25_000 });
    await world.runFor(1_000);
  }
  expect(store.interestsHeard).toBe(1);
  store.sayProgress({ interestMs: 5_000 });
  store.sayProgress({ interestMs: 5_000 });
  await calm();
  expect(store.interestsHeard).toBe(2);
  for (const { core } of others) core.stop();
});

test("what is no message of this cluster's feed is left alone", async () => {
  const watch = await live();
  const node = world.transportOf("n1");
  node.publish("synod.feed.g1", new Uint8Array([1, 2, 3]));
  const stranger = { ...store.tick(), clusterId: "another", group: "g1", interestMs: 30_000 };
  const [message = new Uint8Array(0)] = new FeedEncoder().encode(
    stranger,
    store.put("a", "1").changes,
    1_000_000,
  );
  node.publish("synod.feed.g1", message);
  await calm();
  expect(world.client.core.counters.malformedFeedMessages).toBe(1);
  expect(watch.told).toBe("");
  store.sayProgress();
  await calm();
  expect(watch.told).toBe("a=1");
});

test("a read that fails is tried again, and again", async () => {
  const watch = await live();
  store.put("a", "lost");
  store.holdsReads = true;
  store.sayProgress();
  for (let times = 0; times < 3; times++) {
    await world.until("the difference is asked for", () => store.heldReads.length > 0);
    for (const attempt of store.heldReads.splice(0)) attempt.refuse("NO_QUORUM");
  }
  expect(watch.core.status).not.toBe("live");
  store.answerHeld();
  await world.until("it is read", () => watch.told === "a=lost");
});

test("a stopped watch lets go of everything", async () => {
  const watch = await live();
  const other = await live();
  watch.core.stop();
  store.say(store.put("a", "1"));
  await calm();
  expect([watch.told, other.told]).toEqual(["", "a=1"]);
  other.core.stop();
  const heard = store.interestsHeard;
  await world.runFor(20_000);
  expect(store.interestsHeard).toBe(heard);
  expect(world.client.core.watches.count).toBe(0);
});

test("watches end with their client", async () => {
  const watch = await live();
  await world.outcome(world.client.close());
  expect(watch.core.failure).toMatchObject({ code: "CLIENT_CLOSED" });
  const late = new WatchProbe(world, { kind: "now" });
  expect(late.core.failure).toMatchObject({ code: "CLIENT_CLOSED" });
});

/** A watch as programs hold it: an iterable that waits, hands out, ends, and says why. */
import { beforeEach, describe, expect, test } from "vitest";
import type { WatchEntry, WatchOptions } from "../../../client/index.ts";
import type { Watch } from "../../../client/watch/watch.ts";
import { FakeCluster } from "../support/fake-cluster.ts";
import { FakeStore } from "../support/fake-store.ts";

let world: FakeCluster;
let store: FakeStore;

beforeEach(() => {
  world = new FakeCluster();
  store = new FakeStore(world, "g1");
});

function opened(options: WatchOptions = {}): Promise<Watch<WatchEntry>> {
  return world.outcome(world.client.bucket().watch({ key: "a", include: "updates", ...options }));
}

async function next(watch: Watch<WatchEntry>): Promise<string | undefined> {
  const result = await world.outcome(watch.next());
  return result.done === true ? undefined : result.value.string();
}

test("whoever waits is handed out what comes, in the order of waiting", async () => {
  const watch = await opened();
  const waiting = [watch.next(), watch.next(), watch.next()];
  store.say(store.put("a", "1"));
  store.say(store.put("a", "2"));
  store.say(store.put("a", "3"));
  const results = await world.outcome(Promise.all(waiting));
  expect(results.map(({ value }) => value?.string())).toEqual(["1", "2", "3"]);
  expect([watch.getProcessed(), watch.getPending(), watch.getReceived()]).toEqual([3, 0, 3]);
  store.say(store.put("a", "4"));
  await world.runFor(100);
  expect([watch.getProcessed(), watch.getPending(), watch.getReceived()]).toEqual([3, 1, 4]);
  expect(await next(watch)).toBe("4");
});

test("what is written from the moment on at which it is open is told", async () => {
  const watch = await opened();
  store.put("a", "1");
  store.sayProgress();
  expect(await next(watch)).toBe("1");
});

test("a value is the caller's own, also where two watch the same key", async () => {
  const [one, other] = [await opened(), await opened()];
  store.say(store.put("a", "same"));
  const first = (await world.outcome(one.next())).value;
  first?.value.fill(0);
  expect(await next(other)).toBe("same");
});

describe("it ends", () => {
  test.each(["onInitialized", "initializedFn", "onProgress", "onStatus"] as const)(
    "with what %s throws, and no other watch does",
    async (name) => {
      const other = await opened();
      const failure = new Error("the caller's own");
      const watch = await opened({
        include: "",
        [name]: () => {
          throw failure;
        },
      }).catch((thrown: unknown) => thrown);
      if (watch === failure) return;
      const closed = (watch as Watch<WatchEntry>).closed();
      const looking = (watch as Watch<WatchEntry>).next().catch((thrown: unknown) => thrown);
      store.say(store.put("a", "1"));
      store.sayProgress();
      await world.runFor(3_000);
      expect(await world.outcome(closed)).toBe(failure);
      await looking;
      expect(await next(other)).toBe("1");
      store.say(store.put("a", "2"));
      expect(await next(other)).toBe("2");
    },
  );

  test("by stop: for whoever waits, and for whoever asks later; what was not handed out is dropped", async () => {
    const watch = await opened();
    const waiting = watch.next();
    watch.stop();
    expect(await waiting).toEqual({ done: true, value: undefined });
    expect(await watch.next()).toEqual({ done: true, value: undefined });
    expect(await watch.closed()).toBeUndefined();
    const other = await opened();
    store.say(store.put("a", "1"));
    await world.runFor(100);
    expect(other.getPending()).toBe(1);
    other.stop();
    expect(await other.next()).toEqual({ done: true, value: undefined });
    expect(world.client.core.watches.count).toBe(0);
  });

  test("by stop with an error, which the loop throws once", async () => {
    const watch = await opened();
    const reason = new Error("enough");
    watch.stop(reason);
    expect(await watch.closed()).toBe(reason);
    await expect(watch.next()).rejects.toBe(reason);
    expect(await watch.next()).toEqual({ done: true, value: undefined });
  });

  test("by leaving the loop", async () => {
    const watch = await opened();
    store.say(store.put("a", "1"));
    await world.runFor(100);
    for await (const entry of watch) {
      expect(entry.string()).toBe("1");
      break;
    }
    expect(await watch.closed()).toBeUndefined();
    expect(world.client.core.watches.count).toBe(0);
  });

  test("by the end of the block that holds it", async () => {
    {
      await using watch = await opened();
      expect(watch.status).toBe("catching up");
    }
    expect(world.client.core.watches.count).toBe(0);
  });

  test("by its signal, before and after it is open", async () => {
    const controller = new AbortController();
    const watch = await opened({ signal: controller.signal });
    const waiting = world.failure(watch.next());
    controller.abort("no more");
    expect(await waiting).toMatchObject({ code: "ABORTED", cause: "no more" });
    const late = world.client.bucket().watch({ signal: controller.signal });
    expect(await world.failure(late)).toMatchObject({ code: "ABORTED" });
    const another = new AbortController();
    store.holdsReads = true;
    const opening = world.failure(
      world.client.bucket().watch({ key: "a", signal: another.signal }),
    );
    await world.until("it asks", () => store.heldReads.length > 0);
    another.abort();
    expect(await opening).toMatchObject({ code: "ABORTED" });
    expect(world.client.core.watches.count).toBe(0);
  });

  test("with its client", async () => {
    const watch = await opened();
    const waiting = world.failure(watch.next());
    await world.outcome(world.client.close());
    expect(await waiting).toMatchObject({ code: "CLIENT_CLOSED" });
  });

  test("when history is gone, behind everything that came before", async () => {
    const watch = await opened();
    store.say(store.put("a", "1"));
    await world.runFor(100);
    store.put("a", "lost");
    store.watermark = store.revision;
    store.sayProgress();
    await world.runFor(100);
    expect(await next(watch)).toBe("1");
    expect(await world.failure(watch.next())).toMatchObject({ code: "WATCH_GAP", group: "g1" });
    expect(await watch.closed()).toMatchObject({ code: "WATCH_GAP" });
  });
});

describe("it does not begin", () => {
  test("when no group answers in time", async () => {
    store.holdsReads = true;
    const opening = world.client.bucket().watch({ key: "a", timeoutMs: 2_000 });
    expect(await world.failure(opening)).toMatchObject({
      code: "TIMEOUT",
      outcome: "not executed",
      timeoutMs: 2_000,
    });
    expect(world.client.core.watches.count).toBe(0);
  });

  test.each<[string, WatchOptions]>([
    ["a cursor that is none", { cursor: "nonsense" }],
    ["a revision that is none", { resumeFromRevision: -1 }],
    ["an option that is none", { ignoreDeletes: 1 as unknown as boolean }],
    ["a timeout that is none", { timeoutMs: 0 }],
  ])("with %s", async (_, options) => {
    const opening = world.client.bucket().watch({ key: "a", ...options });
    expect(await world.failure(opening)).toMatchObject({ code: "BAD_REQUEST" });
    expect(world.client.core.watches.count).toBe(0);
  });

  test("from a cursor of another bucket", async () => {
    const { cursor = "" } = await opened();
    const opening = world.client.bucket("other").watch({ key: "a", cursor });
    expect(await world.failure(opening)).toMatchObject({ code: "BAD_REQUEST" });
  });

  test("behind a gap", async () => {
    store.put("a", "1");
    const { revision } = store;
    store.put("a", "2");
    store.watermark = store.revision;
    const opening = world.client.bucket().watch({ key: "a", resumeFromRevision: revision });
    expect(await world.failure(opening)).toMatchObject({ code: "WATCH_GAP" });
  });
});

test("it says how far it is, and how it is doing", async () => {
  const progress: number[] = [];
  const statuses: string[] = [];
  const watch = await opened({
    onProgress: ({ group, revision }) => {
      expect(group).toBe("g1");
      progress.push(revision);
    },
    onStatus: (status) => statuses.push(status),
  });
  store.sayProgress();
  await world.runFor(200);
  expect(statuses).toEqual(["live"]);
  store.tick(5);
  store.sayProgress();
  await world.runFor(200);
  expect(progress.at(-1)).toBe(store.revision);
  // What waits to be handed out is not behind the consumer.
  store.say(store.put("a", "1"));
  await world.runFor(200);
  expect(progress.at(-1)).toBeLessThan(store.revision);
  await next(watch);
  store.tick(5);
  store.sayProgress();
  await world.runFor(200);
  expect(progress.at(-1)).toBe(store.revision);
  expect(progress).toEqual([...new Set(progress)].toSorted((left, right) => left - right));
  world.network.unplug(world.clientTransport);
  await world.runFor(200);
  expect([watch.status, statuses.at(-1)]).toEqual(["disconnected", "disconnected"]);
});

test("what it began with is over before it says so", async () => {
  store.put("a", "1");
  const events: string[] = [];
  const watch = await opened({ include: "", onInitialized: () => events.push("initialized") });
  store.say(store.put("a", "2"));
  await world.runFor(200);
  for (let count = 0; count < 2; count++) events.push((await next(watch)) ?? "");
  expect(events).toEqual(["1", "initialized", "2"]);
});

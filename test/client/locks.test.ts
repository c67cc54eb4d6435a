/** Locks and elections on simulated nodes: one holder at a time, whoever dies, stands still, or is cut off. */
import { beforeEach, describe, expect, test } from "vitest";
import type { Bucket } from "../../client/bucket.ts";
import type { Election } from "../../client/lock/election.ts";
import type { Lock, LockOptions } from "../../client/lock/lock.ts";
import { seeded } from "../../infra/randomness/seeded-randomness.ts";
import { ClientOfCluster } from "./support/client-of-cluster.ts";

const ttlMs = 4_000;

let world: ClientOfCluster;

beforeEach(() => {
  world = new ClientOfCluster(31);
});

function bucketOf(client: string): Bucket {
  return world.connect(client).bucket("locks");
}

function done<Answer>(promise: Promise<Answer>): Promise<Answer> {
  return world.outcome(promise);
}

/** A lock that somebody waits for, and what has become of it. */
class Waiting {
  lock: Lock | undefined;
  /** Virtual time. */
  takenAtMs = Infinity;
  failure: unknown;
  readonly settled: Promise<void>;

  constructor(bucket: Bucket, options: LockOptions = {}) {
    this.settled = bucket.lock("job", { ttlMs, ...options }).then(
      (lock) => {
        this.lock = lock;
        this.takenAtMs = world.cluster.world.nowMs;
      },
      (failure: unknown) => {
        this.failure = failure;
      },
    );
  }
}

describe("a lock", () => {
  test("is held by one, and goes to the next as soon as it is released", async () => {
    const first = await done(bucketOf("a").lock("job", { ttlMs }));
    expect([first.isHeld, first.name, first.signal.aborted]).toEqual([true, "job", false]);
    const second = new Waiting(bucketOf("b"));
    await world.runFor(3 * ttlMs);
    expect([first.isHeld, second.lock]).toEqual([true, undefined]);
    const { nowMs } = world.cluster.world;
    await done(first.release());
    await world.until("the other has it", () => second.lock !== undefined);
    expect(second.takenAtMs - nowMs).toBeLessThan(500);
    expect(second.lock?.token).toBeGreaterThan(first.token);
    expect([first.isHeld, first.signal.aborted, second.lock?.isHeld]).toEqual([false, false, true]);
    expect(() => first.requireHeld()).toThrow(expect.objectContaining({ code: "LOCK_LOST" }));
    second.lock?.requireHeld();
    await done(first.release());
    expect(second.lock?.isHeld).toBe(true);
  });

  test("is released at the end of an await using, and its key is gone", async () => {
    const bucket = bucketOf("a");
    const hold = async (): Promise<void> => {
      await using lock = await bucket.lock("job", { ttlMs, value: "me" });
      expect(lock.isHeld).toBe(true);
      expect((await bucket.find("job"))?.string()).toBe("me");
    };
    await done(hold());
    expect(await done(bucket.find("job"))).toBeNull();
  });

  test("of a holder that is killed is free when its key expires", async () => {
    const first = await done(bucketOf("a").lock("job", { ttlMs }));
    const second = new Waiting(bucketOf("b"));
    await world.runFor(2 * ttlMs);
    const { nowMs } = world.cluster.world;
    world.processOf("a").kill();
    await world.until("the other has it", () => second.lock !== undefined);
    expect(second.takenAtMs - nowMs).toBeLessThan(ttlMs + 1_000);
    expect(first.isHeld).toBe(false);
    expect(second.lock?.token).toBeGreaterThan(first.token);
  });

  test.each(["pause", "suspend"] as const)("of a holder in a %s is lost to it", async (how) => {
    const first = await done(bucketOf("a").lock("job", { ttlMs }));
    const second = new Waiting(bucketOf("b"));
    await world.runFor(ttlMs);
    const process = world.processOf("a");
    if (how === "pause") process.pause();
    else process.machine.suspend();
    let wasHeld: boolean | undefined;
    void second.settled.then(() => (wasHeld = how === "pause" && first.isHeld));
    await world.until("the other has it", () => second.lock !== undefined);
    expect(wasHeld).toBe(false);
    if (how === "pause") process.resume();
    else process.machine.resume();
    // At once, before any timer or message.
    expect(first.isHeld).toBe(false);
    await world.until("it is told", () => first.signal.aborted);
    expect(first.signal.reason).toMatchObject({ code: "LOCK_LOST", outcome: "not executed" });
    expect(second.lock?.isHeld).toBe(true);
  });

  test("is lost by a holder that is cut off, before anybody else has it", async () => {
    const first = await done(bucketOf("a").lock("job", { ttlMs }));
    const second = new Waiting(bucketOf("b"));
    await world.runFor(ttlMs);
    let lostAtMs = Infinity;
    first.signal.addEventListener("abort", () => (lostAtMs = world.cluster.world.nowMs));
    for (const transport of world.cluster.network.transportsOf("a")) {
      world.cluster.network.unplug(transport);
    }
    await world.until("the other has it", () => second.lock !== undefined);
    expect(lostAtMs).toBeLessThan(second.takenAtMs);
  });

  test("outlives the leader of its group", async () => {
    const bucket = bucketOf("a");
    const lock = await done(bucket.lock("job", { ttlMs: 8_000 }));
    const group = world.client.core.routes?.groupOf("locks\0job") ?? "";
    const leader = world.leaderOf(group);
    world.cluster.node(leader).kill();
    await world.runFor(30_000);
    expect([lock.isHeld, lock.signal.aborted]).toEqual([true, false]);
    world.cluster.node(leader).start();
    await done(lock.release());
    expect(await done(bucket.find("job"))).toBeNull();
  });

  test("is lost when somebody writes or removes its key", async () => {
    const bucket = bucketOf("a");
    for (const meddle of [
      (bucket: Bucket) => bucket.put("job", "mine"),
      (bucket: Bucket) => bucket.delete("job"),
    ]) {
      const lock = await done(bucket.lock("job", { ttlMs }));
      await done<unknown>(meddle(world.client.bucket("locks")));
      await world.until("it is told", () => lock.signal.aborted);
      expect(lock.isHeld).toBe(false);
      await done(lock.release());
      await done(world.client.bucket("locks").delete("job"));
    }
  });

  test("waiting ends with the time or the signal, and leaves nothing behind", async () => {
    const bucket = bucketOf("b");
    const first = await done(bucketOf("a").lock("job", { ttlMs }));
    const late = new Waiting(bucket, { timeoutMs: 2_500 });
    const controller = new AbortController();
    const aborted = new Waiting(bucket, { signal: controller.signal });
    const { nowMs } = world.cluster.world;
    await done(late.settled);
    expect(late.failure).toMatchObject({ code: "TIMEOUT", outcome: "not executed" });
    expect(world.cluster.world.nowMs - nowMs).toBeLessThan(2_700);
    controller.abort(new Error("enough"));
    await done(aborted.settled);
    expect(aborted.failure).toMatchObject({ code: "ABORTED", cause: { message: "enough" } });
    await done(first.release());
    await world.runFor(1_000);
    expect(await done(bucket.find("job"))).toBeNull();
  });

  test("an attempt nobody waits for any more is taken back", async () => {
    const bucket = bucketOf("a");
    const controller = new AbortController();
    const waiting = new Waiting(bucket, { signal: controller.signal });
    // The frame is on its way by then.
    await world.runFor(0.3);
    controller.abort();
    await done(waiting.settled);
    await world.runFor(1_000);
    expect(await done(bucket.find("job"))).toBeNull();
  });

  test("is found free without a word of the watch, only later", async () => {
    const first = await done(bucketOf("a").lock("job", { ttlMs }));
    const client = world.connect("b");
    const second = new Waiting(client.bucket("locks"));
    await world.runFor(1_000);
    // Nothing that others publish reaches it, answers to its own questions do.
    client.core.watches.close();
    const { nowMs } = world.cluster.world;
    await done(first.release());
    await world.until("the other has it", () => second.lock !== undefined);
    expect(second.takenAtMs - nowMs).toBeLessThan(11_000);
  });

  test("is lost at once when its client is closed, and waiting ends as well", async () => {
    const client = world.connect("a");
    const lock = await done(client.bucket("locks").lock("job", { ttlMs: 600_000 }));
    const other = world.connect("b");
    const waiting = new Waiting(other.bucket("locks"));
    await world.runFor(1_000);
    const { nowMs } = world.cluster.world;
    await Promise.all([client.close(), other.close()]);
    expect([lock.isHeld, lock.signal.aborted]).toEqual([false, true]);
    await done(Promise.all([lock.ended, waiting.settled]));
    expect(waiting.failure).toMatchObject({ code: "CLIENT_CLOSED" });
    expect(world.cluster.world.nowMs - nowMs).toBeLessThan(100);
  });

  test("has been given back when any call of release() resolves", async () => {
    const bucket = bucketOf("a");
    const lock = await done(bucket.lock("job", { ttlMs }));
    void lock.release();
    await done(lock.release());
    expect(await done(bucket.find("job"))).toBeNull();
  });

  test("takes no life that is too short, and no bad name", async () => {
    const bucket = bucketOf("a");
    expect(await world.failure(bucket.lock("job", { ttlMs: 999 }))).toMatchObject({
      code: "BAD_REQUEST",
    });
    expect(await world.failure(bucket.lock("*"))).toMatchObject({ code: "BAD_KEY" });
    expect(() => bucket.elect("job", { ttlMs: 1.5 })).toThrow(
      expect.objectContaining({ code: "BAD_REQUEST" }),
    );
  });
});

describe("an election", () => {
  test("has one leader, which everybody can see, and another when it resigns", async () => {
    const a = bucketOf("a").elect("job", { ttlMs, value: "a" });
    const b = bucketOf("b").elect("job", { ttlMs, value: "b" });
    expect(await done(a.leader())).toBeNull();
    const first = await done(a.campaign());
    expect((await done(b.leader()))?.string()).toBe("a");
    expect([a.leadership, b.leadership]).toEqual([first, undefined]);
    expect(await done(a.campaign())).toBe(first);
    const observed: string[] = [];
    const watch = await done(b.observe());
    const observing = (async () => {
      for await (const entry of watch) {
        const text = entry.operation === "PUT" ? entry.string() : "nobody";
        if (observed.at(-1) !== text) observed.push(text);
      }
    })();
    const second = b.campaign();
    await world.runFor(2 * ttlMs);
    expect(b.leadership).toBeUndefined();
    await done(a.resign());
    const leadership = await done(second);
    expect(leadership.token).toBeGreaterThan(first.token);
    expect([a.leadership, b.leadership]).toEqual([undefined, leadership]);
    await done(b.resign());
    await world.runFor(500);
    watch.stop();
    await done(observing);
    expect(observed).toEqual(["a", "nobody", "b", "nobody"]);
    expect(await world.failure(a.campaign())).toMatchObject({ code: "ABORTED" });
    expect(await done(a.closed())).toBeUndefined();
  });

  test("campaigns of one candidate all answer with the one leadership there is", async () => {
    const election = bucketOf("a").elect("job", { ttlMs, value: "a" });
    const controller = new AbortController();
    const aborted = election.campaign({ signal: controller.signal });
    const refused = aborted.catch((failure: unknown) => failure);
    controller.abort();
    const campaigns = [election.campaign(), election.campaign({ timeoutMs: 60_000 })];
    const [first, second] = await done(Promise.all(campaigns));
    expect(first).toBe(second);
    expect(first).toBe(election.leadership);
    expect(await done(refused)).toMatchObject({ code: "ABORTED" });
    await done(election.resign());
    expect(first?.isHeld).toBe(false);
    await world.runFor(500);
    expect(await done(world.client.bucket("locks").find("job"))).toBeNull();
  });

  test("nothing is led by a candidate that resigns while it campaigns, however often", async () => {
    for (let delayMs = 0; delayMs < 40; delayMs += 4) {
      const election = bucketOf("a").elect("job", { ttlMs });
      const campaigns = [election.campaign(), election.campaign()];
      void Promise.allSettled(campaigns);
      await world.runFor(delayMs);
      await done(election.resign());
      expect(election.leadership).toBeUndefined();
      await world.runFor(500);
      expect(await done(world.client.bucket("locks").find("job"))).toBeNull();
    }
  });

  test("takes no signal and no onElected that are none", () => {
    for (const bad of [{ signal: 5 }, { onElected: 5 }]) {
      expect(() => bucketOf("a").elect("job", bad as never)).toThrow(
        expect.objectContaining({ code: "BAD_REQUEST" }),
      );
    }
  });

  test("candidates campaign again by themselves, until they resign", async () => {
    const terms: string[] = [];
    const elections = ["a", "b", "c"].map((name) =>
      bucketOf(name).elect("job", {
        ttlMs,
        value: name,
        onElected: () => void terms.push(name),
      }),
    );
    const leader = (): Election | undefined =>
      elections.find(({ leadership }) => leadership !== undefined);
    await world.until("one leads", () => leader() !== undefined);
    expect(await world.failure((elections[0] as Election).campaign())).toMatchObject({
      code: "BAD_REQUEST",
    });
    // Whoever loses it is a candidate again.
    await done(world.client.bucket("locks").delete("job"));
    await world.until("there is a second term", () => terms.length === 2);
    for (let left = elections.length; left > 0; left--) {
      await world.until("one leads", () => leader() !== undefined);
      const one = leader();
      await done(one?.resign() ?? Promise.resolve());
      expect(await done(one?.closed() ?? Promise.resolve())).toBeUndefined();
    }
    expect(new Set(terms).size).toBe(3);
    expect(await done(world.client.bucket("locks").find("job"))).toBeNull();
  });

  test("a leader whose work fails resigns, and says why", async () => {
    const reason = new Error("no database");
    const election = bucketOf("a").elect("job", {
      ttlMs,
      onElected: () => Promise.reject(reason),
    });
    expect(await done(election.closed())).toBe(reason);
    expect(await done(world.client.bucket("locks").find("job"))).toBeNull();
  });

  test("the caller's signal ends a candidacy", async () => {
    const controller = new AbortController();
    const election = bucketOf("a").elect("job", {
      ttlMs,
      signal: controller.signal,
      onElected: () => {},
    });
    await world.until("it leads", () => election.leadership !== undefined);
    controller.abort();
    expect(await done(election.closed())).toBeUndefined();
    expect(await done(world.client.bucket("locks").find("job"))).toBeNull();
  });
});

/** Takes the lock again and again, and holds it for a while, or until it is lost. */
class Contender {
  lock: Lock | undefined;
  readonly tokens: number[];
  #isOver = false;

  constructor(bucket: Bucket, random: ReturnType<typeof seeded>, tokens: number[]) {
    this.tokens = tokens;
    void this.#run(bucket, random);
  }

  end(): void {
    this.#isOver = true;
  }

  async #run(bucket: Bucket, random: ReturnType<typeof seeded>): Promise<void> {
    while (!this.#isOver) {
      try {
        this.lock = await bucket.lock("job", { ttlMs: 2_000 });
      } catch {
        continue;
      }
      this.tokens.push(this.lock.token);
      const holdMs = 2_000 + random.fraction() * 6_000;
      const over = new Promise<void>((resolve) => {
        world.cluster.world.schedule(holdMs, resolve);
      });
      await Promise.race([over, this.lock.ended]);
      await this.lock.release();
    }
  }
}

test.each([1, 2])("no two hold a lock at once, whatever happens (seed %i)", async (seed) => {
  world = new ClientOfCluster(seed);
  const { cluster } = world;
  const random = seeded(`locks ${seed}`);
  const names = ["a", "b", "c", "d"];
  const tokens: number[] = [];
  const contenders = names.map((name) => new Contender(bucketOf(name), random, tokens));
  let losses = 0;
  const held = (): number => contenders.filter(({ lock }) => lock?.isHeld === true).length;
  const watched = new Set<Lock>();
  const check = (): boolean => {
    expect(held()).toBeLessThanOrEqual(1);
    for (const { lock } of contenders) {
      if (lock === undefined || watched.has(lock)) continue;
      watched.add(lock);
      lock.signal.addEventListener("abort", () => (losses += 1));
    }
    return false;
  };
  for (let round = 0; round < 8; round++) {
    // Mostly the holder.
    const holder = contenders.findIndex(({ lock }) => lock?.isHeld === true);
    const anybody = Math.floor(random.fraction() * names.length);
    const name = names[holder >= 0 && random.fraction() < 0.8 ? holder : anybody] as string;
    const process = world.processOf(name);
    const lengthMs = 2_000 + random.fraction() * 3_000;
    const lot = round % 4;
    if (lot === 0) process.stallFor(lengthMs);
    if (lot === 1) {
      for (const transport of cluster.network.transportsOf(name)) {
        cluster.network.unplug(transport);
        cluster.world.schedule(lengthMs, () => cluster.network.plug(transport));
      }
    }
    if (lot === 2) cluster.network.restartBroker();
    if (lot === 3) {
      const leader = cluster.leaderOf(world.client.core.routes?.groupOf("locks\0job") ?? "");
      leader?.kill();
      cluster.world.schedule(lengthMs, () => leader?.start());
    }
    const untilMs = cluster.world.nowMs + 5_000;
    await world.until("time passes", () => check() || cluster.world.nowMs >= untilMs);
  }
  for (const contender of contenders) contender.end();
  expect(tokens.length).toBeGreaterThan(5);
  expect(losses).toBeGreaterThan(0);
  expect(tokens).toEqual(tokens.toSorted((left, right) => left - right));
  expect(new Set(tokens).size).toBe(tokens.length);
});

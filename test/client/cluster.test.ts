/** Every operation of the client against production nodes, on virtual time. */
import { beforeAll, describe, expect, test } from "vitest";
import { seeded } from "../../infra/randomness/seeded-randomness.ts";
import type { Bucket } from "../../client/bucket.ts";
import type { Entry } from "../../client/entry.ts";
import { ClientOfCluster } from "./support/client-of-cluster.ts";

function pairs(entries: readonly Entry[]): string[] {
  return entries.map((entry) => `${entry.key}=${entry.string()}`);
}

describe("a calm cluster", () => {
  let world: ClientOfCluster;
  let bucket: Bucket;
  let buckets = 0;

  /** Each test has a bucket of its own. */
  function newBucket(): Bucket {
    buckets += 1;
    return world.client.bucket(`bucket-${buckets}`);
  }

  function done<Answer>(promise: Promise<Answer>): Promise<Answer> {
    return world.outcome(promise);
  }

  beforeAll(() => {
    world = new ClientOfCluster(1);
    bucket = world.client.bucket();
  });

  test("put, get, delete", async () => {
    const revision = await done(bucket.put("greeting", "hello"));
    const entry = await done(bucket.get("greeting"));
    expect(entry).toMatchObject({ bucket: "default", key: "greeting", revision, operation: "PUT" });
    expect([entry?.string(), entry?.length, entry?.expires]).toEqual(["hello", 5, undefined]);
    const { startWallMs, nowMs } = world.cluster.world;
    expect(Math.abs((entry?.created.getTime() ?? 0) - (startWallMs + nowMs))).toBeLessThan(1_000);
    const removed = await done(bucket.remove("greeting"));
    expect(removed.existed).toBe(true);
    expect(removed.revision).toBeGreaterThan(revision);
    expect(await done(bucket.find("greeting"))).toBeNull();
    expect(await done(bucket.remove("greeting"))).toMatchObject({ existed: false });
  });

  test("create and update write only what they expect", async () => {
    const users = newBucket();
    const first = await done(users.create("alice", JSON.stringify({ age: 41 })));
    expect(await world.failure(users.create("alice", "again"))).toMatchObject({
      code: "CONFLICT",
      bucket: users.name,
      key: "alice",
      expectedRevision: 0,
      actualRevision: first,
    });
    const second = await done(users.update("alice", JSON.stringify({ age: 42 }), first));
    expect(await world.failure(users.update("alice", "late", first))).toMatchObject({
      expectedRevision: first,
      actualRevision: second,
    });
    expect(await world.failure(users.delete("alice", { previousRevision: first }))).toMatchObject({
      code: "CONFLICT",
    });
    expect((await done(users.get("alice")))?.json()).toEqual({ age: 42 });
    await done(users.delete("alice", { previousRevision: second }));
    await done(users.create("alice", "anew"));
  });

  test("keys and values are any bytes", async () => {
    const key = new Uint8Array([0, 255, 10]);
    const value = new Uint8Array([0, 1, 254, 255]);
    await done(bucket.put(key, value));
    const entry = await done(bucket.get(key));
    expect(new Uint8Array(entry?.keyBytes ?? [])).toEqual(key);
    expect(new Uint8Array(entry?.value ?? [])).toEqual(value);
    const text = "schlüssel \u{1f511}";
    await done(bucket.put(text, ""));
    expect(await done(bucket.get(text))).toMatchObject({ key: text, length: 0 });
  });

  test("a key expires", async () => {
    await done(bucket.put("soon", "gone", { ttlMs: 1_000 }));
    const entry = await done(bucket.get("soon"));
    expect(entry?.expires?.getTime()).toBeGreaterThan(entry?.created.getTime() ?? Infinity);
    await world.runFor(3_000);
    expect(await done(bucket.find("soon"))).toBeNull();
  });

  test("increment counts up and down, and refuses what is no number", async () => {
    const counters = newBucket();
    expect(await done(counters.increment("n"))).toBe(1);
    expect(await done(counters.increment("n", 41))).toBe(42);
    expect(await done(counters.increment("n", -50))).toBe(-8);
    expect((await done(counters.get("n")))?.string()).toBe("-8");
    await done(counters.put("text", "x"));
    expect(await world.failure(counters.increment("text"))).toMatchObject({ code: "NOT_A_NUMBER" });
    const many = Array.from({ length: 100 }, () => counters.increment("many"));
    const sums = await done(Promise.all(many));
    expect(sums.toSorted((left, right) => left - right)).toEqual(
      Array.from({ length: 100 }, (_, at) => at + 1),
    );
  });

  test("getMany and putMany span groups", async () => {
    const keys = ["a1", "z1", "m1", "b1"];
    const revisions = await done(
      bucket.putMany(keys.map((key) => [key, key.toUpperCase()] as const)),
    );
    const entries = await done(bucket.getMany([...keys, "none"]));
    expect(entries.map((entry) => entry?.string() ?? null)).toEqual(["A1", "Z1", "M1", "B1", null]);
    expect(entries.slice(0, 4).map((entry) => entry?.revision)).toEqual(revisions);
  });

  test("ranges go both ways across groups, in pages, and within bounds", async () => {
    await done(bucket.deleteRange({}));
    const keys = ["a", "b", "h", "i", "k", "q", "r", "z"];
    await done(bucket.putMany(keys.map((key) => [key, key] as const)));
    const keysOf = async (query: Parameters<Bucket["range"]>[0]): Promise<string> =>
      (await done(bucket.range(query).toArray())).map(({ key }) => key).join("");
    expect(await keysOf({})).toBe("abhikqrz");
    expect(await keysOf({ reverse: true })).toBe("zrqkihba");
    expect(await keysOf({ start: "b", end: "r" })).toBe("bhikq");
    expect(await keysOf({ start: "b", end: "r", reverse: true, limit: 3 })).toBe("qki");
    expect(await keysOf({ limit: 5 })).toBe("abhik");
    expect(await keysOf({ prefix: "q" })).toBe("q");
    expect(await keysOf({ consistency: "stale" })).toBe("abhikqrz");
    const values = await done(bucket.range({ keysOnly: true }).toArray());
    expect(values.map(({ value, length }) => [value.length, length])).toEqual(
      keys.map(() => [0, 1]),
    );
    let all = "";
    let cursor: string | undefined;
    do {
      const query = cursor === undefined ? { limit: 3 } : { limit: 3, cursor };
      const page = await done(bucket.range(query).page());
      all += page.entries.map(({ key }) => key).join("");
      cursor = page.cursor;
    } while (cursor !== undefined);
    expect(all).toBe("abhikqrz");
  });

  test("the pages of a range show one moment, whatever is written meanwhile", async () => {
    const many = newBucket();
    const key = (at: number) => `k${String(at).padStart(5, "0")}`;
    await done(many.putMany(Array.from({ length: 2_500 }, (_, at) => [key(at), "old"] as const)));
    const pages = many.range().pages();
    const first = await done(pages.next());
    await done(many.put(key(2_400), "new"));
    await done(many.put(`${key(2_400)}x`, "new"));
    await done(many.delete(key(2_450)));
    const seen = [...(first.value?.entries ?? [])];
    for (let next = await done(pages.next()); next.done !== true; next = await done(pages.next())) {
      seen.push(...next.value.entries);
    }
    expect(seen).toHaveLength(2_500);
    expect(new Set(seen.map((entry) => entry.string()))).toEqual(new Set(["old"]));
    expect(await done(many.deleteRange({}))).toEqual({ deleted: 2_500 });
    expect(await done(many.range().toArray())).toEqual([]);
  });

  test("stale and quorum reads see an own write when they are asked to", async () => {
    const revision = await done(bucket.put("fresh", "1"));
    const stale = { consistency: "stale", minRevision: revision } as const;
    for (let at = 0; at < 10; at++) {
      expect((await done(bucket.get("fresh", stale)))?.revision).toBe(revision);
    }
    const quorum = await done(bucket.get("fresh", { consistency: "quorum" }));
    expect(quorum?.revision).toBe(revision);
    await world.runFor(2_000);
    const recent = { consistency: "stale", maxAgeMs: 2_000 } as const;
    expect((await done(bucket.get("fresh", recent)))?.revision).toBe(revision);
  });

  test("transactions that overtake each other lose nothing", async () => {
    const accounts = newBucket();
    await done(
      accounts.putMany([
        ["alice", "100"],
        ["bob", "100"],
      ]),
    );
    const transfer = (amount: number) =>
      world.client.transaction(async (transaction) => {
        const inside = transaction.bucket(accounts.name);
        const [alice, bob] = await inside.getMany(["alice", "bob"]);
        inside.put("alice", String(Number(alice?.string()) - amount));
        inside.put("bob", String(Number(bob?.string()) + amount));
      });
    const amounts = Array.from({ length: 12 }, (_, at) => at + 1);
    await done(Promise.all(amounts.map(transfer)));
    expect(pairs(await done(accounts.range().toArray()))).toEqual(["alice=22", "bob=178"]);
  });

  test("a transaction notices a key that appears in a range it read", async () => {
    const queue = newBucket();
    await done(queue.put("job1", "x"));
    let runs = 0;
    const { result } = await done(
      world.client.transaction(async (transaction) => {
        runs += 1;
        const inside = transaction.bucket(queue.name);
        let count = 0;
        for await (const entry of inside.range({ prefix: "job" })) count += entry.length;
        if (runs === 1) await queue.put("job2", "x");
        inside.put("total", String(count));
        return count;
      }),
    );
    expect([runs, result]).toEqual([2, 2]);
    expect((await done(queue.get("total")))?.string()).toBe("2");
  });

  test("a transaction over several groups is refused, with a key of each", async () => {
    const failed = world.client.transaction((transaction) => {
      transaction.bucket().put("a", "1");
      transaction.bucket().put("k", "1");
    });
    expect(await world.failure(failed)).toMatchObject({
      code: "CROSS_GROUP_TRANSACTION",
      keys: [
        { key: "a", group: "g1" },
        { key: "k", group: "g2" },
      ],
    });
  });

  test("a declared transaction is carried out as a whole or not at all", async () => {
    const locks = newBucket();
    const { name } = locks;
    const acquire = (owner: string) =>
      world.client.commit({
        checks: [{ bucket: name, key: "lock", exists: false }],
        operations: [
          { op: "put", bucket: name, key: "lock", value: owner },
          { op: "increment", bucket: name, key: "acquired" },
          { op: "get", bucket: name, key: "acquired" },
        ],
      });
    const { revision, results } = await done(acquire("me"));
    expect(results).toEqual([
      { op: "put" },
      { op: "increment", value: 1 },
      { op: "get", entry: null },
    ]);
    expect(await world.failure(acquire("you"))).toMatchObject({
      key: "lock",
      actualRevision: revision,
    });
    expect(pairs(await done(locks.range().toArray()))).toEqual(["acquired=1", "lock=me"]);
  });

  test("status, regions and what each node says", async () => {
    await world.runFor(3_000);
    const { regions, groups, nodes } = await done(world.client.status());
    expect(regions.map(({ start, end, group }) => [start, end, group])).toEqual([
      ["", "default/i", "g1"],
      ["default/i", "default/r", "g2"],
      ["default/r", undefined, "g1"],
    ]);
    expect(groups.map(({ group }) => group)).toEqual(["meta", "g1", "g2"]);
    for (const { group, leader } of groups) expect(leader).toBe(world.leaderOf(group));
    expect(nodes.map(({ node, status }) => [node, status?.state])).toEqual([
      ["n1", "serving"],
      ["n2", "serving"],
      ["n3", "serving"],
    ]);
    expect((await done(world.client.regions())).regions).toEqual(regions);
    const own = await done(world.client.nodeStatuses());
    expect(own.map(({ node, replicas }) => [node, replicas.length])).toEqual([
      ["n1", 3],
      ["n2", 3],
      ["n3", 3],
    ]);
  });

  test("whatever is asked in whatever order, it behaves as a sorted map does", async () => {
    const random = seeded("model");
    const model = new Map<string, string>();
    const own = newBucket();
    const key = () => `k${random.below(30)}`;
    const sorted = () => [...model].toSorted(([left], [right]) => (left < right ? -1 : 1));
    for (let step = 0; step < 300; step++) {
      const at = key();
      const lot = random.below(6);
      if (lot < 2) {
        await done(own.put(at, String(step)));
        model.set(at, String(step));
      } else if (lot === 2) {
        expect((await done(own.remove(at))).existed).toBe(model.delete(at));
      } else if (lot === 3) {
        expect((await done(own.find(at)))?.string()).toBe(model.get(at));
      } else if (lot === 4) {
        const end = key();
        const found = await done(own.range({ start: at, end }).toArray());
        const expected = sorted().filter(([name]) => name >= at && name < end);
        expect(pairs(found)).toEqual(expected.map((pair) => pair.join("=")));
      } else if (random.chance(0.2)) {
        const prefixed = [...model.keys()].filter((name) => name.startsWith(at));
        expect(await done(own.deleteRange({ prefix: at }))).toEqual({ deleted: prefixed.length });
        for (const name of prefixed) model.delete(name);
      }
    }
    expect(pairs(await done(own.range().toArray()))).toEqual(
      sorted().map((pair) => pair.join("=")),
    );
  });
});

describe("a cluster in trouble", () => {
  test("a killed leader fails nobody's operations", async () => {
    const world = new ClientOfCluster(2);
    const bucket = world.client.bucket();
    await world.outcome(bucket.put("n", "0"));
    const killed = world.cluster.node(world.leaderOf("g2"));
    const counting = Array.from({ length: 50 }, () => bucket.increment("n"));
    killed.kill();
    const more = Array.from({ length: 50 }, () => bucket.increment("n"));
    await world.outcome(Promise.all([...counting, ...more]));
    expect((await world.outcome(bucket.get("n")))?.string()).toBe("100");
    killed.start();
    await world.runFor(5_000);
    expect(await world.outcome(bucket.increment("n"))).toBe(101);
  });

  test("without a majority it says so truly, and stale reads are answered", async () => {
    const world = new ClientOfCluster(3);
    const bucket = world.client.bucket();
    await world.outcome(bucket.put("a", "1"));
    await world.runFor(1_000);
    const [first, second] = [...world.cluster.nodes.values()];
    first?.kill();
    second?.kill();
    await world.runFor(5_000);
    const put = await world.failure(bucket.put("a", "2", { timeoutMs: 2_000 }));
    // An attempt went to a node that is gone: whether it got there nobody can say.
    expect(put).toMatchObject({ code: "TIMEOUT", outcome: "unknown" });
    const get = await world.failure(bucket.get("a", { timeoutMs: 2_000 }));
    expect(get).toMatchObject({ outcome: "not executed" });
    const stale = await world.outcome(bucket.get("a", { consistency: "stale" }));
    expect(stale?.string()).toBe("1");
    first?.start();
    await world.runFor(5_000);
    expect(["1", "2"]).toContain((await world.outcome(bucket.get("a")))?.string());
    await world.outcome(bucket.put("a", "3"));
    expect((await world.outcome(bucket.get("a")))?.string()).toBe("3");
  });

  test("a NATS server that comes back finds everybody again", async () => {
    const world = new ClientOfCluster(4);
    const bucket = world.client.bucket();
    await world.outcome(bucket.put("n", "0"));
    const counting = Array.from({ length: 20 }, () => bucket.increment("n"));
    world.cluster.network.stopBroker();
    await world.runFor(500);
    world.cluster.network.startBroker();
    await world.outcome(Promise.all(counting));
    expect(await world.outcome(bucket.increment("n"))).toBe(21);
  });
});

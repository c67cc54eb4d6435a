/** What buckets do besides reading and writing single keys by their name: patterns, codecs, expiry by default, counting. */
import { beforeAll, describe, expect, test } from "vitest";
import type { Bucket, BucketOptions } from "../../client/bucket.ts";
import type { Codecs } from "../../client/codecs.ts";
import type { QueuedIterator } from "../../client/queued-iterator.ts";
import { ClientOfCluster } from "./support/client-of-cluster.ts";

let world: ClientOfCluster;
let buckets = 0;

beforeAll(() => {
  world = new ClientOfCluster(11);
});

/** Each test has a bucket of its own. */
function newBucket(options: BucketOptions = {}): Bucket {
  buckets += 1;
  return world.client.bucket(`surface-${buckets}`, options);
}

function done<Answer>(promise: Promise<Answer>): Promise<Answer> {
  return world.outcome(promise);
}

function collect<Item>(iterator: Promise<QueuedIterator<Item>>): Promise<Item[]> {
  return done(
    iterator.then(async (items) => {
      const all: Item[] = [];
      for await (const item of items) all.push(item);
      return all;
    }),
  );
}

async function fill(bucket: Bucket, ...keys: readonly string[]): Promise<void> {
  await done(Promise.all(keys.map((key) => bucket.put(key, key))));
}

describe("patterns", () => {
  test("keys are filtered by one pattern or several", async () => {
    const bucket = newBucket();
    await fill(bucket, "a", "a.b", "a.b.c", "b", "c.b");
    expect(await collect(bucket.keys())).toEqual(["a", "a.b", "a.b.c", "b", "c.b"]);
    expect(await collect(bucket.keys("*.b"))).toEqual(["a.b", "c.b"]);
    expect(await collect(bucket.keys(["b", "a.>", "a.b"]))).toEqual(["a.b", "a.b.c", "b"]);
    expect(await collect(bucket.keys("nothing"))).toEqual([]);
    expect(await world.failure(bucket.keys(">.a"))).toMatchObject({ code: "BAD_KEY" });
    expect(await world.failure(bucket.keys([]))).toMatchObject({ code: "BAD_REQUEST" });
  });

  test("a pattern deletes what matches it, whatever that is made of", async () => {
    const bucket = newBucket();
    await fill(bucket, "a", "a.b", "a.c", "a.b.c");
    await done(bucket.put(new Uint8Array([0x61, 0x2e, 0xff]), "no text"));
    await done(bucket.delete("a.*"));
    expect(await collect(bucket.keys())).toEqual(["a", "a.b.c"]);
    const failed = await world.failure(bucket.delete("a.>", { previousSeq: 5 }));
    expect(failed).toMatchObject({ code: "BAD_REQUEST" });
  });

  test("more keys than a page holds", async () => {
    const bucket = newBucket();
    const keys = Array.from({ length: 1_205 }, (_, at) => `many.${String(at).padStart(4, "0")}`);
    await done(bucket.putMany(keys.map((key) => [key, "x"] as const)));
    expect(await collect(bucket.keys("many.*"))).toEqual(keys);
    await done(bucket.delete("many.>"));
    expect(await collect(bucket.keys())).toEqual([]);
  });

  test("text that is a pattern is no key; as bytes it is", async () => {
    const bucket = newBucket();
    for (const attempt of [
      () => bucket.put("a.*", "v"),
      () => bucket.get(">"),
      () => bucket.remove("a.*"),
      () => bucket.increment("*"),
      () => bucket.getMany(["a", "a.>"]),
    ]) {
      expect(await world.failure(attempt())).toMatchObject({ code: "BAD_KEY" });
    }
    const key = new TextEncoder().encode("a.*");
    await done(bucket.put(key, "v"));
    await done(bucket.put("a.b", "v"));
    await done(bucket.delete(key));
    expect(await collect(bucket.keys())).toEqual(["a.b"]);
  });
});

/** Swaps letters in keys and flips bits of values. */
const swapping: Codecs = {
  key: { encode: reversed, decode: reversed },
  value: { encode: (value) => flipped(value), decode: (value) => flipped(value) },
};

function reversed(part: string): string {
  return Array.from(part).reverse().join("");
}

function flipped(value: string | Uint8Array): Uint8Array {
  const bytes = typeof value === "string" ? new TextEncoder().encode(value) : value;
  return bytes.map((byte) => byte ^ 0xff);
}

describe("codecs", () => {
  test("stand between what is said and what is stored", async () => {
    const bucket = newBucket({ codec: swapping });
    const plain = world.client.bucket(bucket.name);
    const revision = await done(bucket.create("user.alice", "41"));
    const stored = await done(plain.get("resu.ecila"));
    expect([stored?.revision, stored?.value]).toEqual([revision, flipped("41")]);
    const entry = await done(bucket.get("user.alice"));
    expect([entry?.key, entry?.rawKey, entry?.string(), entry?.length]).toEqual([
      "user.alice",
      "resu.ecila",
      "41",
      2,
    ]);
    await done(bucket.putMany([["user.bob", "42"]]));
    const [bob, nobody] = await done(bucket.getMany(["user.bob", "user.eve"]));
    expect([bob?.key, bob?.string(), nobody]).toEqual(["user.bob", "42", null]);
    expect(await collect(bucket.keys("user.*"))).toEqual(["user.bob", "user.alice"]);
    const ranged = await done(bucket.range({ prefix: "resu." }).toArray());
    expect(ranged.map((found) => `${found.key}=${found.string()}`)).toEqual([
      "user.bob=42",
      "user.alice=41",
    ]);
    await done(bucket.delete("user.*"));
    expect(await collect(plain.keys())).toEqual([]);
  });

  test("one that throws fails the call alone", async () => {
    const decode = (): never => {
      throw new Error("no such key to this value");
    };
    const name = newBucket().name;
    const broken = world.client.bucket(name, { codec: { value: { encode: flipped, decode } } });
    await done(broken.put("a", "v"));
    expect(await world.failure(broken.get("a"))).toMatchObject({
      message: "no such key to this value",
    });
    expect((await done(world.client.bucket(name).get("a")))?.length).toBe(1);
  });
});

describe("a watch", () => {
  test("of keys in several groups ends its beginning once, with delta 0", async () => {
    const bucket = world.client.bucket();
    const keys = ["a", "b", "y", "z"].map((key) => `two-groups.${key}`);
    await fill(bucket, ...keys);
    const told: (readonly [string, number, boolean])[] = [];
    const telling = (async () => {
      for await (const { key, delta, isUpdate } of await bucket.watch({ key: "two-groups.*" })) {
        told.push([key, delta, isUpdate]);
        if (isUpdate) break;
        if (delta === 0) await bucket.put("two-groups.c", "later");
      }
    })();
    await done(telling);
    expect(
      told
        .slice(0, 4)
        .map(([key]) => key)
        .toSorted(),
    ).toEqual(keys);
    expect(told.slice(0, 3).every(([, delta]) => delta > 0)).toBe(true);
    expect(told.slice(3).map(([, delta, isUpdate]) => [delta, isUpdate])).toEqual([
      [0, false],
      [0, true],
    ]);
  });

  test("of the same pattern sees other keys through another codec", async () => {
    const bucket = newBucket();
    const swapped = world.client.bucket(bucket.name, { codec: swapping });
    const watches = await done(
      Promise.all([bucket, swapped].map((one) => one.watch({ key: "*.ab" }))),
    );
    const next = watches.map((watch) => watch.next());
    await done(Promise.all([bucket.put("1.ab", "plain"), swapped.put("2.ab", "swapped")]));
    const told = await done(Promise.all(next));
    expect(told.map(({ value }) => value?.string())).toEqual(["plain", "swapped"]);
    for (const watch of watches) watch.stop();
  });

  test("whose codec throws ends with what it threw, and leaves the client alone", async () => {
    const decode = (): never => {
      throw new Error("no such key to this value");
    };
    const { name } = newBucket();
    const plain = world.client.bucket(name);
    const broken = world.client.bucket(name, { codec: { value: { encode: flipped, decode } } });
    const watch = await done(broken.watch());
    const failing = watch.next().catch((failure: unknown) => failure);
    await done(plain.put("a", "v"));
    expect(await done(failing)).toMatchObject({ message: "no such key to this value" });
    expect(await done(watch.closed())).toMatchObject({ message: "no such key to this value" });
    expect((await done(plain.get("a")))?.string()).toBe("v");
    expect(world.client.core.watches.count).toBe(0);
  });
});

describe("expiry", () => {
  test("a bucket's object may have keys expire unless the call says otherwise", async () => {
    const bucket = newBucket({ ttlMs: 1_000 });
    await done(Promise.all([bucket.put("a", "v"), bucket.put("b", "v", { ttlMs: 60_000 })]));
    await done(bucket.create("c", "v", "1m"));
    await done(bucket.putMany([["d", "v"]]));
    await world.runFor(3_000);
    expect(await collect(bucket.keys())).toEqual(["b", "c"]);
  });

  test("a time to live that is none is refused", async () => {
    const bucket = newBucket();
    expect(await world.failure(bucket.create("a", "v", "soon"))).toMatchObject({
      code: "BAD_REQUEST",
    });
    expect(() => newBucket({ ttlMs: -1 })).toThrow(
      expect.objectContaining({ code: "BAD_REQUEST" }),
    );
  });
});

describe("names of @nats-io/kv for options", () => {
  test("previousSeq and timeout say what previousRevision and timeoutMs say", async () => {
    const bucket = newBucket();
    const first = await done(bucket.put("a", "1", { previousSeq: 0 }));
    const second = await done(bucket.put("a", "2", { previousSeq: first, timeout: 1_000 }));
    expect(await world.failure(bucket.put("a", "3", { previousSeq: first }))).toMatchObject({
      code: "CONFLICT",
      actualRevision: second,
    });
    expect(await world.failure(bucket.delete("a", { previousSeq: first }))).toMatchObject({
      code: "CONFLICT",
    });
    for (const options of [
      { previousSeq: 1, previousRevision: 2 },
      { timeout: 1, timeoutMs: 2 },
      { timeout: 0 },
    ]) {
      expect(await world.failure(bucket.put("a", "v", options))).toMatchObject({
        code: "BAD_REQUEST",
      });
    }
    await done(bucket.update("a", "3", second, 1_000));
    expect(await world.failure(bucket.update("a", "4", second, -1))).toMatchObject({
      code: "BAD_REQUEST",
    });
  });

  test("get answers what was written at a revision, and null for any other", async () => {
    const bucket = newBucket();
    const first = await done(bucket.put("a", "1"));
    const second = await done(bucket.put("a", "2"));
    const other = await done(bucket.put("b", "1"));
    const at = async (revision: number): Promise<string | undefined> =>
      (await done(bucket.get("a", { revision })))?.string();
    expect([await at(first), await at(second), await at(0)]).toEqual(["1", "2", "2"]);
    expect([await at(other), await at(1), await at(second + 4096 * 60_000)]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
    expect(await world.failure(bucket.get("a", { revision: -1 }))).toMatchObject({
      code: "BAD_REQUEST",
    });
  });
});

describe("what was deleted", () => {
  test("get tells how, find tells nothing of it, and it can be created anew", async () => {
    const bucket = newBucket();
    await fill(bucket, "a", "b", "c");
    await done(bucket.put("d", "soon gone", { ttlMs: 500 }));
    await done(bucket.delete("a"));
    await done(bucket.purge("b"));
    await world.runFor(2_000);
    const told = await done(Promise.all(["a", "b", "c", "d", "e"].map((key) => bucket.get(key))));
    expect(told.map((entry) => entry?.operation)).toEqual([
      "DEL",
      "PURGE",
      "PUT",
      "PURGE",
      undefined,
    ]);
    expect(told[0]).toMatchObject({ key: "a", length: 0, delta: 0, expires: undefined });
    expect(told[3]?.expires).toBeUndefined();
    for (const key of ["a", "b", "d"]) {
      expect(await done(bucket.find(key))).toBeNull();
      expect(await done(bucket.get(key, { consistency: "quorum" }))).not.toBeNull();
      expect(await done(bucket.create(key, "anew"))).toBeGreaterThan(told[0]?.revision ?? Infinity);
    }
    expect(await done(bucket.getMany(["a", "e"]))).toMatchObject([{ operation: "PUT" }, null]);
  });

  test("purge takes patterns and revisions, and checks a time to live", async () => {
    const bucket = newBucket();
    await fill(bucket, "a.b", "a.c", "b");
    const revision = await done(bucket.put("b", "again"));
    expect(await world.failure(bucket.purge("b", { previousSeq: revision - 1 }))).toMatchObject({
      code: "CONFLICT",
      actualRevision: revision,
    });
    await done(bucket.purge("b", { previousSeq: revision, ttl: "10s" }));
    await done(bucket.purge("a.*"));
    expect(await collect(bucket.keys())).toEqual([]);
    expect((await done(bucket.get("a.b")))?.operation).toBe("PURGE");
    expect(await world.failure(bucket.purge("b", { ttl: "soon" }))).toMatchObject({
      code: "BAD_REQUEST",
    });
  });

  test("the codec decodes the key of a marker, and not its value", async () => {
    const decode = (value: Uint8Array): Uint8Array => {
      if (value.length === 0) throw new Error("nothing to decode");
      return flipped(value);
    };
    const codec = { ...swapping, value: { encode: flipped, decode } };
    const bucket = newBucket({ codec });
    await done(bucket.put("ab", "v"));
    await done(bucket.delete("ab"));
    expect(await done(bucket.get("ab"))).toMatchObject({ key: "ab", rawKey: "ba", length: 0 });
  });
});

describe("a bucket as a whole", () => {
  test("counts what it holds", async () => {
    const bucket = newBucket({ ttlMs: 60_000 });
    expect(await done(bucket.status())).toMatchObject({ values: 0, size: 0, replicas: 3 });
    await fill(bucket, "a", "bb");
    await done(bucket.delete("a"));
    const status = await done(bucket.status());
    expect(status).toMatchObject({ bucket: bucket.name, values: 1, size: 4, ttl: 60_000 });
    expect(() => status.streamInfo).toThrow(expect.objectContaining({ code: "BAD_REQUEST" }));
    expect(JSON.parse(JSON.stringify(status))).toMatchObject({ values: 1 });
  });

  test("is destroyed with all its keys, and is there again when it is written to", async () => {
    const bucket = newBucket();
    await fill(bucket, "a", "b");
    expect(await done(world.client.buckets())).toContain(bucket.name);
    expect(await done(bucket.destroy())).toBe(true);
    expect(await done(world.client.buckets())).not.toContain(bucket.name);
    await done(bucket.create("a", "anew"));
    expect(await collect(bucket.keys())).toEqual(["a"]);
  });
});

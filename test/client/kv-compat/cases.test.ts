/*
 * The test cases of @nats-io/kv, by their names, told anew against a bucket of Synod on simulated nodes.
 * Adapted from kv/tests/kv_test.ts of https://github.com/nats-io/nats.js (commit
 * 0be4c88646e99944be6b05b4a2cb2346c2d931ab), with changes: other harness, virtual time, revisions that are not dense.
 *
 * Copyright 2021-2024 The NATS Authors
 * Licensed under the Apache License, Version 2.0 (the "License");
 * you may not use this file except in compliance with the License.
 * You may obtain a copy of the License at
 *
 * http://www.apache.org/licenses/LICENSE-2.0
 *
 * Unless required by applicable law or agreed to in writing, software
 * distributed under the License is distributed on an "AS IS" BASIS,
 * WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
 * See the License for the specific language governing permissions and
 * limitations under the License.
 */
import { Base64KeyCodec, KvWatchInclude, NoopKvCodecs } from "@nats-io/kv";
import type { KV, KvEntry, KvWatchEntry } from "@nats-io/kv";
import { beforeAll, expect, test } from "vitest";
import type { Bucket, BucketOptions } from "../../../client/bucket.ts";
import type { SynodClient } from "../../../client/synod-client.ts";
import { ClientOfCluster } from "../support/client-of-cluster.ts";

const empty = new Uint8Array(0);
const base64 = { codec: { key: Base64KeyCodec(), value: NoopKvCodecs().value } };

let world: ClientOfCluster;
let other: SynodClient;
let count = 0;

beforeAll(() => {
  world = new ClientOfCluster(21);
  other = world.connect("another client");
});

/** Time goes on while the case waits. Each has a bucket of its own. */
function kvCase(name: string, body: (kv: Bucket) => Promise<void>, options?: BucketOptions): void {
  test(name, () => {
    count += 1;
    return world.outcome(body(world.client.bucket(`case-${count}`, options)));
  });
}

function delay(durationMs: number): Promise<void> {
  return new Promise((resolve) => {
    world.cluster.world.schedule(durationMs, resolve);
  });
}

async function collect<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const all: Item[] = [];
  for await (const item of items) all.push(item);
  return all;
}

function watches(): number {
  return world.client.core.watches.count;
}

kvCase("kv - key validation", async (kv) => {
  for (const pattern of ["*", ">", "x.>", "x.*"]) {
    await expect(kv.put(pattern, empty)).rejects.toMatchObject({ code: "BAD_KEY" });
  }
  for (const key of ["foo", "_foo", "-foo", "_kv_foo", "foo123", "123", "a/b/c", "a.b.c"]) {
    await kv.put(key, empty);
  }
  // These are keys here.
  for (const key of [" x y", "x ", "x!", "xx$", ".", ".x", ".x.", "x."]) await kv.put(key, empty);
});

kvCase("kv - bucket name validation", async () => {
  for (const name of [" B", "!", "x/y", "x>", "x.x", "x.*", "x.>", "x*", "*", ">"]) {
    expect(() => world.client.bucket(name)).toThrow(
      expect.objectContaining({ code: "BAD_BUCKET" }),
    );
  }
  for (const name of ["B", "b", "123", "1_2_3", "1-2-3"]) {
    expect(world.client.bucket(name).name).toBe(name);
  }
});

kvCase("kv - list kv", async (kv) => {
  expect(await world.client.buckets()).not.toContain(kv.name);
  await kv.put("a", empty);
  expect(await world.client.buckets()).toContain(kv.name);
});

async function crud(kv: Bucket): Promise<void> {
  expect(await kv.status()).toMatchObject({ values: 0, bucket: kv.name, ttl: 0 });
  await kv.put("k", "hello");
  expect((await kv.get("k"))?.string()).toBe("hello");
  await kv.put("k", "bye");
  expect((await kv.get("k"))?.string()).toBe("bye");
  await kv.delete("k");
  expect((await kv.get("k"))?.operation).toBe("DEL");
  const values = await kv.history();
  const texts = (await collect(values)).map((entry) => entry.string());
  expect(values.getProcessed()).toBe(3);
  expect(texts).toEqual(["hello", "bye", ""]);
  expect(await kv.destroy()).toBe(true);
  expect(await world.client.buckets()).not.toContain(kv.name);
}

kvCase("kv - bind to existing KV", async ({ name }) => {
  await world.client.bucket(name).put("other", "x");
  await world.client.bucket(name).purge("other");
  const kv = world.client.bucket(name);
  expect((await kv.status()).bucket).toBe(name);
  await kv.put("k", "hello");
  expect((await kv.get("k"))?.string()).toBe("hello");
});

kvCase("kv - crud", crud);
kvCase("kv - codec crud", crud, base64);

kvCase("kv - history", async (kv) => {
  for (let at = 0; at < 4; at++) await kv.put("A", empty);
  expect((await kv.status()).values).toBe(1);
  expect(await collect(await kv.history())).toHaveLength(4);
});

kvCase("kv - history multiple keys", async (kv) => {
  for (const key of ["A", "B", "C", "D"]) await kv.put(key, empty);
  const entries = await collect(await kv.history({ key: ["A", "D"] }));
  expect(entries.map(({ key }) => key)).toEqual(["A", "D"]);
});

kvCase("kv - cleanups/empty", async (kv) => {
  expect(await kv.get("x")).toBeNull();
  const history = await kv.history();
  expect(history.getReceived()).toBe(0);
  expect(await collect(history)).toEqual([]);
  expect(await collect(await kv.keys())).toEqual([]);
  expect(watches()).toBe(0);
});

kvCase("kv - history and watch cleanup", async (kv) => {
  for (const key of ["a", "b", "c"]) await kv.put(key, empty);
  for await (const entry of await kv.history()) {
    expect(entry.key).toBe("a");
    break;
  }
  const watch = await kv.watch({});
  const later = delay(250).then(() => kv.put("hello", "world"));
  for await (const entry of watch) if (entry.isUpdate) break;
  await later;
  expect(watches()).toBe(0);
});

kvCase("kv - bucket watch", async (kv) => {
  const values = new Map<string, string>();
  const watch = await kv.watch();
  const done = (async () => {
    for await (const entry of watch) {
      if (entry.operation === "DEL") values.delete(entry.key);
      else values.set(entry.key, entry.string());
      if (entry.key === "x") break;
    }
  })();
  await kv.put("a", "1");
  await kv.put("b", "2");
  await kv.put("c", "3");
  await kv.put("a", "2");
  await kv.put("b", "3");
  await kv.delete("c");
  await kv.put("x", empty);
  await done;
  expect(watch.getProcessed()).toBe(7);
  expect([...values]).toEqual([
    ["a", "2"],
    ["b", "3"],
    ["x", ""],
  ]);
  expect(watches()).toBe(0);
});

async function keyWatch(kv: Bucket): Promise<void> {
  const values = new Map<string, string>();
  const watch = await kv.watch({ key: "a.>" });
  const done = (async () => {
    for await (const entry of watch) {
      if (entry.operation === "DEL") values.delete(entry.key);
      else values.set(entry.key, entry.string());
      if (entry.key === "a.x") break;
    }
  })();
  await kv.put("a.b", "1");
  await kv.put("b.b", "2");
  await kv.put("c.b", "3");
  await kv.put("a.b", "2");
  await kv.put("b.b", "3");
  await kv.delete("c.b");
  await kv.put("a.x", empty);
  await done;
  expect(watch.getProcessed()).toBe(3);
  expect([...values]).toEqual([
    ["a.b", "2"],
    ["a.x", ""],
  ]);
  expect(watches()).toBe(0);
}

kvCase("kv - key watch", keyWatch);
kvCase("kv - codec key watch", keyWatch, base64);

async function keys(kv: Bucket): Promise<void> {
  await kv.put("a", "1");
  await kv.put("b", "2");
  await kv.put("c.c.c", "3");
  await kv.put("a", "2");
  await kv.put("b", "3");
  await kv.delete("c.c.c");
  await kv.put("x", empty);
  expect((await collect(await kv.keys())).toSorted()).toEqual(["a", "b", "x"]);
  expect(watches()).toBe(0);
}

kvCase("kv - keys", keys);
kvCase("kv - codec keys", keys, base64);

kvCase(
  "kv - ttl",
  async (kv) => {
    expect(await kv.get("x")).toBeNull();
    await kv.put("x", "hello");
    expect((await kv.get("x"))?.string()).toBe("hello");
    await delay(5_000);
    expect(await kv.find("x")).toBeNull();
    expect((await kv.get("x"))?.operation).toBe("PURGE");
  },
  { ttlMs: 1_000 },
);

kvCase("kv - no ttl", async (kv) => {
  await kv.put("x", "hello");
  expect((await kv.get("x"))?.string()).toBe("hello");
  await delay(1_500);
  expect((await kv.get("x"))?.string()).toBe("hello");
});

kvCase("kv - complex key", async (kv) => {
  await kv.put("x.y.z", "hello");
  expect((await kv.get("x.y.z"))?.string()).toBe("hello");
  for (const entries of [await kv.watch({ key: "x.y.>" }), await kv.history({ key: "x.y.>" })]) {
    for await (const entry of entries) {
      expect(entry.string()).toBe("hello");
      break;
    }
  }
});

kvCase("kv - remove key", async (kv) => {
  await kv.put("a.b", "ab");
  expect((await kv.get("a.b"))?.string()).toBe("ab");
  await kv.purge("a.b");
  expect((await kv.get("a.b"))?.operation).toBe("PURGE");
  expect(await collect(await kv.history())).toHaveLength(1);
  expect((await kv.status()).values).toBe(0);
});

kvCase("kv - remove subkey", async (kv) => {
  for (const key of ["a", "a.b", "a.c"]) await kv.put(key, empty);
  expect(await collect(await kv.keys())).toEqual(["a", "a.b", "a.c"]);
  await kv.delete("a.*");
  expect(await collect(await kv.keys())).toEqual(["a"]);
});

kvCase("kv - create key", async (kv) => {
  const revision = await kv.create("a", empty);
  await expect(kv.create("a", "a")).rejects.toThrow(`wrong last sequence: ${revision}`);
});

kvCase("kv - update key", async (kv) => {
  const revision = await kv.create("a", empty);
  await expect(kv.update("a", "a", 100)).rejects.toThrow(`wrong last sequence: ${revision}`);
  await kv.update("a", "b", revision);
});

kvCase("kv - is wildcard delete implemented", async (kv) => {
  for (const key of ["a", "a.a", "a.b", "a.b.c"]) await kv.put(key, empty);
  expect(await collect(await kv.keys())).toHaveLength(4);
  await kv.delete("a.*");
  expect(await collect(await kv.keys())).toHaveLength(2);
  let deleted = 0;
  for await (const entry of await kv.watch()) {
    if (entry.operation === "DEL") deleted++;
    if (entry.delta === 0) break;
  }
  expect(deleted).toBe(2);
});

kvCase("kv - delta", async (kv) => {
  const revisions: number[] = [];
  for (const key of ["a", "a.a", "a.b", "a.b.c"]) revisions.push(await kv.put(key, empty));
  const entries = await collect(await kv.history());
  expect(entries.map(({ revision, delta }) => [revision, delta])).toEqual(
    revisions.map((revision, at) => [revision, 3 - at]),
  );
});

kvCase("kv - watch and history headers only", async (kv) => {
  await kv.put("key1", "aaa");
  const options = { key: "key1", headers_only: true };
  for (const entries of [await kv.watch(options), await kv.history(options)]) {
    for await (const entry of entries) {
      expect([entry.key, entry.value, entry.length]).toEqual(["key1", empty, 3]);
      break;
    }
  }
});

kvCase("kv - mem and file", async (kv) => {
  expect((await kv.status()).storage).toBe("file");
});

kvCase("kv - example", async (bucket) => {
  const kv: KV = bucket;
  await kv.create("hello.world", "hi");
  const watch = await kv.watch();
  const seen: string[] = [];
  const watching = (async () => {
    for await (const entry of watch) seen.push(`${entry.operation} ${entry.string()}`);
  })();
  await kv.put("hello.world", "world");
  expect((await kv.get("hello.world"))?.string()).toBe("world");
  expect(await collect(await kv.keys())).toEqual(["hello.world"]);
  expect(await collect(await kv.history({ key: "hello.world" }))).toHaveLength(2);
  await kv.delete("hello.world");
  await kv.purge("hello.world");
  await delay(500);
  watch.stop();
  await watching;
  expect(seen).toEqual(["PUT hi", "PUT world", "DEL ", "PURGE "]);
  expect(await kv.destroy()).toBe(true);
});

/** Resolves when all three keys have been told. */
async function sees(entries: AsyncIterable<KvEntry>, ...wanted: readonly string[]): Promise<void> {
  const left = new Set(wanted);
  for await (const { key } of entries) {
    left.delete(key);
    if (left.size === 0) return;
  }
}

kvCase("kv - cross account history", async (kv) => {
  const same = other.bucket(kv.name);
  await kv.put("A", "A");
  await kv.put("B", "B");
  await kv.delete("B");
  await same.put("C", "C");
  for (const bucket of [kv, same]) await sees(await bucket.history(), "A", "B", "C");
});

kvCase("kv - cross account watch", async (kv) => {
  const same = other.bucket(kv.name);
  const seen = [kv, same].map(async (bucket) => sees(await bucket.watch(), "A", "B", "C"));
  await kv.put("A", "A");
  await kv.put("B", "B");
  await same.put("C", "C");
  await Promise.all(seen);
});

kvCase("kv - watch iter stops", async (kv) => {
  const watch = await kv.watch();
  const done = collect(watch);
  watch.stop();
  expect(await done).toEqual([]);
  expect(watches()).toBe(0);
});

kvCase("kv - initialized watch empty", async (kv) => {
  let initialized = false;
  const watch = await kv.watch({ initializedFn: () => (initialized = true) });
  const done = collect(watch);
  await delay(250);
  expect([watch.getReceived(), initialized]).toEqual([0, true]);
  watch.stop();
  await done;
});

kvCase("kv - initialized watch with modifications", async (kv) => {
  for (const key of ["A", "B", "C"]) await kv.put(key, empty);
  const written = (async () => {
    for (let at = 0; at < 100; at++) await kv.put(String(at), empty);
  })();
  const watch = await kv.watch();
  let history = 0;
  let entries = 0;
  for await (const entry of watch) {
    entries++;
    if (!entry.isUpdate) history++;
    if (entries === 103) break;
  }
  await written;
  expect(history).toBeGreaterThanOrEqual(3);
  expect(history).toBeLessThan(103);
  expect(watch.getReceived()).toBe(103);
});

kvCase("kv - get revision", async (kv) => {
  const [first, second, third] = [
    await kv.put("A", "a"),
    await kv.put("A", "b"),
    await kv.put("A", "c"),
  ];
  const check = async (key: string, value: string | undefined, revision = 0): Promise<void> => {
    expect((await kv.get(key, { revision }))?.string()).toBe(value);
  };
  await check("B", undefined, first);
  await check("A", "c");
  await check("A", "a", first);
  await check("A", "b", second);
  await kv.put("A", "d");
  await check("A", "d");
  await check("A", "c", third);
});

kvCase("kv - direct message", async (kv) => {
  expect(await kv.get("a")).toBeNull();
  const put = await kv.put("a", "hello");
  expect(await kv.get("a")).toMatchObject({
    key: "a",
    delta: 0,
    revision: put,
    operation: "PUT",
    bucket: kv.name,
  });
  const { revision: gone } = await kv.remove("a");
  expect(await kv.get("a")).toMatchObject({
    key: "a",
    delta: 0,
    revision: gone,
    operation: "DEL",
    bucket: kv.name,
  });
  const first = await kv.put("c", "hi");
  await kv.put("c", "hello");
  expect((await kv.get("c", { revision: first }))?.revision).toBe(first);
});

kvCase(
  "kv - ttl is in nanos",
  async (kv) => {
    expect(await kv.status()).toMatchObject({ ttl: 1_000, size: 0 });
  },
  { ttlMs: 1_000 },
);

kvCase("kv - size", async (kv) => {
  expect((await kv.status()).size).toBe(0);
  await kv.put("a", "hello");
  expect((await kv.status()).size).toBe(6);
});

kvCase("kv - previous sequence", async (kv) => {
  const a = await kv.put("A", empty, { previousSeq: 0 });
  const b = await kv.put("B", empty, { previousSeq: 0 });
  const next = await kv.put("A", empty, { previousSeq: a });
  await kv.put("A", empty, { previousSeq: next });
  await expect(kv.put("A", empty, { previousSeq: a })).rejects.toThrow();
  await kv.put("B", empty, { previousSeq: b });
});

kvCase("kv - encoded entry", async (kv) => {
  await kv.put("a", "hello");
  await kv.put("b", JSON.stringify(5));
  await kv.put("c", JSON.stringify(["hello", 5]));
  expect((await kv.get("a"))?.string()).toBe("hello");
  expect((await kv.get("b"))?.json()).toBe(5);
  expect((await kv.get("c"))?.json()).toEqual(["hello", 5]);
});

kvCase("kv - create after delete", async (kv) => {
  await kv.create("a", empty);
  await expect(kv.create("a", empty)).rejects.toThrow();
  await kv.delete("a");
  await kv.create("a", empty);
  await kv.purge("a");
  await kv.create("a", empty);
});

kvCase("kv - get non-existing non-direct", async (kv) => {
  expect(await kv.get("hello")).toBeNull();
});

kvCase("kv - get non-existing direct", async (kv) => {
  expect(await kv.get("hello", { consistency: "stale" })).toBeNull();
});

kvCase("kv - string payloads", async (kv) => {
  await kv.create("a", "b");
  expect((await kv.get("a"))?.string()).toBe("b");
  await kv.put("a", "c");
  const entry = await kv.get("a");
  expect(entry?.string()).toBe("c");
  await kv.update("a", "d", entry?.revision ?? 0);
  expect((await kv.get("a"))?.string()).toBe("d");
});

kvCase("kv - watch updates only", async (kv) => {
  await kv.put("a", "a");
  await kv.put("b", "b");
  const watch = await kv.watch({ include: KvWatchInclude.UpdatesOnly });
  const told: KvWatchEntry[] = [];
  const done = (async () => {
    for await (const entry of watch) {
      told.push(entry);
      if (entry.isUpdate) break;
    }
  })();
  await kv.put("c", "c");
  await done;
  expect(told.map(({ key, isUpdate }) => [key, isUpdate])).toEqual([["c", true]]);
});

kvCase("kv - watch multiple keys", async (kv) => {
  for (const key of ["a", "b", "c"]) await kv.put(key, key);
  const told: string[] = [];
  for await (const entry of await kv.watch({ key: ["a", "c"] })) {
    told.push(entry.key);
    if (entry.delta === 0) break;
  }
  expect(told).toEqual(["a", "c"]);
});

async function watchHistory(kv: Bucket, ignoreDeletes: boolean): Promise<string[]> {
  await kv.put("a", "a");
  await kv.put("a", "aa");
  await kv.put("a", "aaa");
  await kv.delete("a");
  const watch = await kv.watch({ include: KvWatchInclude.AllHistory, ignoreDeletes });
  const told: string[] = [];
  const done = (async () => {
    for await (const { key, operation, ...entry } of watch) {
      told.push(
        operation === "DEL" ? `${key}=del` : `${key}=${new TextDecoder().decode(entry.value)}`,
      );
    }
  })();
  await kv.put("c", "c");
  if (ignoreDeletes) await kv.delete("c");
  await delay(1_000);
  watch.stop();
  await done;
  return told;
}

kvCase("kv - watch history", async (kv) => {
  expect(await watchHistory(kv, false)).toEqual(["a=a", "a=aa", "a=aaa", "a=del", "c=c"]);
});

kvCase("kv - watch history no deletes", async (kv) => {
  expect(await watchHistory(kv, true)).toEqual(["a=a", "a=aa", "a=aaa", "c=c"]);
});

kvCase("kv - watch start at", async (kv) => {
  await kv.put("a", "1");
  const second = await kv.put("b", "2");
  await kv.put("c", "3");
  for await (const entry of await kv.watch({ resumeFromRevision: second })) {
    expect([entry.key, entry.revision]).toEqual(["b", second]);
    break;
  }
});

kvCase("kv - delete key if revision", async (kv) => {
  const revision = await kv.create("a", empty);
  await expect(kv.delete("a", { previousSeq: 100 })).rejects.toThrow(
    `wrong last sequence: ${revision}`,
  );
  await kv.delete("a", { previousSeq: revision });
});

kvCase("kv - purge key if revision", async (kv) => {
  const revision = await kv.create("a", empty);
  await expect(kv.purge("a", { previousSeq: 2 })).rejects.toThrow(
    `wrong last sequence: ${revision}`,
  );
  await kv.purge("a", { previousSeq: revision });
});

kvCase("kv - watcher on server restart", async (kv) => {
  const watch = await kv.watch();
  const first = watch.next();
  world.cluster.network.restartBroker();
  await kv.put("hello", "world");
  expect((await first).value?.key).toBe("hello");
  watch.stop();
});

kvCase("kv - keys filter", async (kv) => {
  await Promise.all([kv.put("A", "a"), kv.put("B", "b"), kv.put("C", "c")]);
  expect(await collect(await kv.keys())).toEqual(["A", "B", "C"]);
  expect(await collect(await kv.keys("A"))).toEqual(["A"]);
  expect(await collect(await kv.keys(["A", "C"]))).toEqual(["A", "C"]);
});

kvCase("kv - replicas", async (kv) => {
  expect((await kv.status()).replicas).toBe(3);
});

kvCase("kv - watch isUpdate", async (kv) => {
  await kv.put("a", "hello");
  await kv.delete("a");
  const watch = await kv.watch({ ignoreDeletes: true });
  await kv.put("b", "hello");
  for await (const entry of watch) {
    if (entry.key !== "b") continue;
    expect(entry.isUpdate).toBe(true);
    break;
  }
});

kvCase("kv - put/update timeouts", async (kv) => {
  const { cluster } = world;
  const names = [...cluster.nodes.keys()];
  for (const name of names) cluster.node(name).process?.pause();
  for (const attempt of [
    () => kv.put("A", "hello", { timeout: 1_500 }),
    () => kv.update("A", "hello", 1, 1_500),
  ]) {
    const startMs = cluster.world.nowMs;
    await expect(attempt()).rejects.toMatchObject({ code: "TIMEOUT", outcome: "unknown" });
    expect(cluster.world.nowMs - startMs).toBeGreaterThan(1_400);
    expect(cluster.world.nowMs - startMs).toBeLessThan(1_700);
  }
  for (const name of names) cluster.node(name).process?.resume();
});

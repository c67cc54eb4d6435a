/** Watches of real clients, while leaders, NATS servers, nodes and connections come and go. */
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { connect, type Bucket, type SynodClient, type WatchEntry } from "../../client/index.ts";
import type { Watch } from "../../client/watch/watch.ts";
import { startCluster, type Cluster } from "./support/cluster.ts";
import { Relay } from "./support/relay.ts";

/** Keys of each group that holds keys. */
const groups = { g1: ["a1", "a2"], g2: ["k1", "k2"] } as const;
const keys = Object.values(groups).flat();
const patienceMs = 30_000;

let cluster: Cluster;
let writing: SynodClient;
const open: SynodClient[] = [];

beforeAll(async () => {
  cluster = await startCluster();
  writing = await connect({ servers: cluster.broker.url, timeoutMs: patienceMs });
});
afterEach(async () => {
  for (const client of open.splice(0)) await client.close();
});
afterAll(async () => {
  await writing.close();
  await cluster.close();
});

async function client(url = cluster.broker.url): Promise<SynodClient> {
  const opened = await connect({ servers: url });
  open.push(opened);
  return opened;
}

/** Writes one key after the other until it is told to stop, and knows what it wrote. */
class Writer {
  readonly written: { readonly key: string; readonly revision: number }[] = [];
  readonly #bucket: Bucket;
  readonly #prefix: string;
  readonly #done: Promise<void>;
  #stopping = false;

  constructor(bucket: Bucket, prefix: string) {
    this.#bucket = bucket;
    this.#prefix = prefix;
    this.#done = Promise.all(keys.map((key) => this.#write(`${key}.${prefix}`))).then(() => {});
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    await this.#done;
  }

  /** By key's group, in order. */
  revisionsOf(group: keyof typeof groups): number[] {
    const own = this.written.filter(({ key }) => isOf(group, key));
    return own.map(({ revision }) => revision).sort((left, right) => left - right);
  }

  async writesMore(count = 40): Promise<void> {
    const enough = this.written.length + count;
    await cluster.waitUntil(`${this.#prefix} is written`, () => this.written.length >= enough);
  }

  async #write(key: string): Promise<void> {
    for (let at = 0; !this.#stopping; at++) {
      const revision = await this.#bucket.put(key, `${this.#prefix} ${at}`);
      this.written.push({ key, revision });
    }
  }
}

function isOf(group: keyof typeof groups, key: string): boolean {
  return groups[group].some((own) => key.startsWith(`${own}.`));
}

/** What a watch tells, taken as it comes. */
class Taker {
  readonly entries: WatchEntry[] = [];
  readonly watch: Watch<WatchEntry>;
  failure: unknown;

  constructor(watch: Watch<WatchEntry>) {
    this.watch = watch;
    this.#take().catch((failure: unknown) => {
      this.failure = failure;
    });
  }

  revisionsOf(group: keyof typeof groups): number[] {
    return this.entries.filter(({ key }) => isOf(group, key)).map(({ revision }) => revision);
  }

  async #take(): Promise<void> {
    for await (const entry of this.watch) this.entries.push(entry);
  }
}

/** Watches from before the first write to behind the last one, whatever is done in between. */
async function watched(
  name: string,
  act: (writer: Writer, taker: Taker) => Promise<void>,
  url?: string,
): Promise<void> {
  const watching = await client(url);
  const watch = await watching.bucket().watch({ key: `*.${name}`, include: "updates" });
  const taker = new Taker(watch);
  const writer = new Writer(writing.bucket(), name);
  await writer.writesMore();
  await act(writer, taker);
  await writer.writesMore();
  await writer.stop();
  for (const group of ["g1", "g2"] as const) {
    const expected = writer.revisionsOf(group);
    await cluster.waitUntil(
      `${expected.length} changes of ${group} are told`,
      () => taker.revisionsOf(group).length >= expected.length || taker.failure !== undefined,
      patienceMs,
    );
    expect(taker.revisionsOf(group)).toEqual(expected);
  }
  expect(taker.failure).toBeUndefined();
}

test("a leader is killed: every change is told once, in order", async () => {
  await watched("leader", async (writer) => {
    const leader = cluster.leaderOf("g1") ?? "";
    await cluster.kill(leader);
    await writer.writesMore();
    cluster.start(leader);
    await cluster.waitUntilServing();
  });
});

test("nats-server is killed and comes back: the same", async () => {
  await watched("broker", async (_, taker) => {
    await cluster.killBroker();
    await cluster.waitUntil("it is noticed", () => taker.watch.status === "disconnected");
    await cluster.restartBroker();
  });
});

test("every node is killed and comes back: the same", async () => {
  await watched("nodes", async (_, taker) => {
    await cluster.kill(...cluster.others());
    await cluster.waitUntil("it is noticed", () => taker.watch.status === "disconnected");
    cluster.start(...cluster.others());
    await cluster.waitUntilServing();
    await cluster.waitUntil("it is live again", () => taker.watch.status === "live");
  });
});

test("the watching client loses its connection, again and again: the same", async () => {
  const relay = await Relay.to(cluster.broker.port);
  try {
    await watched(
      "connection",
      async (writer, taker) => {
        for (let times = 0; times < 3; times++) {
          relay.cut();
          await cluster.waitUntil("it is noticed", () => taker.watch.status === "disconnected");
          await writer.writesMore();
          relay.mend();
          await cluster.waitUntil("it is live again", () => taker.watch.status === "live");
        }
      },
      relay.url,
    );
  } finally {
    relay.close();
  }
});

test("another client goes on from a cursor, through a restart of everything", async () => {
  const bucket = writing.bucket();
  const first = await (await client()).bucket(bucket.name).watch({ key: "*.cursor" });
  const told: string[] = [];
  const written: string[] = [];
  const write = async (count: number): Promise<void> => {
    for (let at = 0; at < count; at++) {
      const value = String(written.length);
      await bucket.put(`${keys[at % keys.length]}.cursor`, value);
      written.push(value);
    }
  };
  await write(20);
  for (let at = 0; at < 13; at++) told.push((await first.next()).value?.string() ?? "");
  const { cursor } = first;
  expect(cursor).toMatch(/^[-\w]+$/);
  await (open.pop() as SynodClient).close();
  await write(20);
  await cluster.kill(...cluster.others());
  cluster.start(...cluster.others());
  await cluster.waitUntilServing();
  const second = await (
    await client()
  )
    .bucket(bucket.name)
    .watch({ key: "*.cursor", cursor: cursor ?? "" });
  await write(20);
  while (new Set(told).size < 60) told.push((await second.next()).value?.string() ?? "");
  expect(told).toHaveLength(60);
});

test("a thousand watches of one prefix are published to as one is", async () => {
  const bucket = writing.bucket();
  const feedMessages = (): number =>
    cluster.nodes.reduce(
      (sum, { name }) => sum + (cluster.replica(name, "g1")?.feedMessages ?? 0),
      0,
    );
  const slots = (): number =>
    Math.max(...cluster.nodes.map(({ name }) => cluster.replica(name, "g1")?.appliedThrough ?? 0));
  const messagesFor = async (takers: readonly Taker[], value: string): Promise<number> => {
    const beganMs = performance.now();
    const before = feedMessages();
    const slotsBefore = slots();
    for (let at = 0; at < 50; at++) await bucket.put("a1.many", `${value} ${at}`);
    await cluster.waitUntil(
      "all of them are told",
      () => takers.every(({ entries }) => entries.at(-1)?.string() === `${value} 49`),
      patienceMs,
    );
    await cluster.waitUntil(
      "nodes tell",
      () => slots() >= slotsBefore + 50 && feedMessages() >= before + 50,
    );
    const seconds = (performance.now() - beganMs) / 1_000;
    return feedMessages() - before - Math.ceil(seconds) - 1;
  };
  const watching = await client();
  const watch = async (): Promise<Taker> =>
    new Taker(await watching.bucket(bucket.name).watch({ key: "a1.>", include: "updates" }));
  const one = await watch();
  expect(await messagesFor([one], "one")).toBeLessThanOrEqual(50);
  const beforeMany = watching.core.counters.frames;
  const many = await Promise.all(Array.from({ length: 999 }, watch));
  expect(watching.core.counters.frames - beforeMany).toBeLessThan(20);
  expect(await messagesFor([one, ...many], "many")).toBeLessThanOrEqual(50);
  for (const { entries } of many) {
    expect(entries.map((entry) => entry.string())).toEqual(
      Array.from({ length: 50 }, (_, at) => `many ${at}`),
    );
  }
});

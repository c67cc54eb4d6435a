/** Watching with nothing but a NATS client, at real nodes, and what that costs whoever leads. */
import { afterEach, expect, test } from "vitest";
import { FeedDecoder } from "../../infra/codec/feed-codec.ts";
import { RequestEncoder } from "../../infra/codec/request-encoder.ts";
import type { Subscription } from "../../infra/transport/transport.ts";
import { waitUntil } from "../support/wait-until.ts";
import { startCluster, type Cluster } from "./support/cluster.ts";
import { RawClient } from "./support/raw-client.ts";
import { failureOf, type TestClient } from "./support/test-client.ts";

const clusters: Cluster[] = [];
const rawClients: RawClient[] = [];

afterEach(async () => {
  await Promise.all(rawClients.splice(0).map((client) => client.close()));
  await Promise.all(clusters.splice(0).map((cluster) => cluster.close()));
});

interface Told {
  readonly subject: string;
  readonly body: string;
  readonly operation: string | undefined;
  readonly reason: string | undefined;
  readonly revision: number;
}

async function started(monitored = false): Promise<Cluster> {
  const cluster = await startCluster({ monitored });
  clusters.push(cluster);
  return cluster;
}

async function subscriber({ topology }: Cluster): Promise<RawClient> {
  const client = new RawClient({ servers: topology.servers });
  rawClients.push(client);
  await client.connected();
  return client;
}

async function hears(client: RawClient, subject: string): Promise<Told[]> {
  const told: Told[] = [];
  client.transport.subscribe(subject, (message) => {
    told.push({
      subject: message.subject,
      body: Buffer.from(message.payload).toString(),
      operation: message.header("Synod-Operation"),
      reason: message.header("Synod-Reason"),
      revision: Number(message.header("Synod-Revision")),
    });
  });
  await client.flushed();
  return told;
}

/** Asks until a leader answers: at a moment there may be none. */
async function interest({ transport }: RawClient, body: string): Promise<string> {
  const reply = `${transport.inboxPrefix}.interest`;
  const answers: string[] = [];
  const subscription = transport.subscribe(reply, ({ payload }) =>
    answers.push(Buffer.from(payload).toString()),
  );
  let askedMs = -Infinity;
  await waitUntil(
    "somebody answers",
    () => {
      if (performance.now() - askedMs > 1_000) {
        transport.publish("synod.kv.default.interest", Buffer.from(body), { reply });
        askedMs = performance.now();
      }
      return answers.length > 0;
    },
    30_000,
  );
  subscription.close();
  return answers[0] ?? "";
}

async function putAll(client: TestClient, keys: readonly string[]): Promise<void> {
  for (const key of keys) {
    const put = await client.put(key);
    expect(failureOf(put)).toBeUndefined();
  }
}

test("a bare subscriber hears changes with their headers, and goes on hearing under the next leader", async () => {
  const cluster = await started();
  const bare = await subscriber(cluster);
  const told = await hears(bare, "synod.kv.default.watch.config.>");
  expect(await interest(bare, '{"key":"config.>"}')).toBe('{"seconds":60}');
  const writer = cluster.client("writer");
  await heard(told, () => writer.put("config.color", "blue"));
  expect(told.at(-1)).toMatchObject({
    subject: "synod.kv.default.watch.config.color",
    body: "blue",
    operation: "PUT",
  });
  await writer.put("another", "unheard");
  await heard(told, () => writer.increment("config.count"));
  expect(told.at(-1)).toMatchObject({
    subject: "synod.kv.default.watch.config.count",
    body: expect.stringMatching(/^[1-9]$/) as unknown,
    operation: "PUT",
  });
  const leader = cluster.leaderOf("g1") ?? "";
  await cluster.kill(leader);
  await cluster.waitUntil("another node leads", () => {
    const next = cluster.leaderOf("g1");
    return next !== undefined && next !== leader;
  });
  await heard(told, () => writer.put("config.color", "green"));
  expect(told.at(-1)).toMatchObject({ body: "green", operation: "PUT" });
  const revisions = told.map(({ revision }) => revision);
  expect(revisions).toEqual([...new Set(revisions)].toSorted((left, right) => left - right));
  expect(
    told.every(({ subject, reason }) => subject.includes("config") && reason === undefined),
  ).toBe(true);
});

/** Writes until that is heard: a notification may be lost, as when a lease ran out on a busy machine. */
async function heard(told: readonly Told[], write: () => Promise<unknown>): Promise<void> {
  const before = told.length;
  let writing = false;
  let writtenMs = -Infinity;
  await waitUntil(
    "what was written is heard",
    () => {
      if (!writing && performance.now() - writtenMs > 3_000) {
        writing = true;
        void write().finally(() => {
          writing = false;
          writtenMs = performance.now();
        });
      }
      return told.length > before && !writing;
    },
    40_000,
  );
}

/** Who watches a feed, and which keys the first of all its subscriptions heard of. */
class FeedWatchers {
  readonly heard = new Set<string>();
  /** Messages with changes that the first subscription was given: as many as were published. */
  messages = 0;
  readonly slots = new Set<number>();
  deliveries = 0;
  readonly #subscriptions: Subscription[] = [];

  /** So many subscriptions on each connection, each of which asks for the feed as a watcher of its own. */
  async open(cluster: Cluster, connections: readonly RawClient[], each: number): Promise<void> {
    const decoder = new FeedDecoder();
    const { clusterId = "" } = cluster.status("n1") ?? {};
    const interest = new RequestEncoder().interest(clusterId, "g1");
    for (const { transport } of connections) {
      for (let at = 0; at < each; at++) {
        const isFirst = this.#subscriptions.length === 0;
        const subscription = transport.subscribe("synod.feed.g1", ({ payload }) => {
          this.deliveries += 1;
          if (!isFirst) return;
          const message = decoder.decode(payload);
          if ("kind" in message) throw new Error(message.problem);
          if (message.changes.length === 0) return;
          this.messages += 1;
          this.slots.add(message.slot);
          for (const { key } of message.changes) this.heard.add(key);
        });
        this.#subscriptions.push(subscription);
        transport.publish("synod.api", interest);
      }
    }
    await Promise.all(connections.map((connection) => connection.flushed()));
  }

  close(): void {
    for (const subscription of this.#subscriptions) subscription.close();
  }
}

test("a thousand who watch one prefix make the leader publish no more than one does", async () => {
  const cluster = await started(true);
  const writer = cluster.client("writer");
  const asker = await subscriber(cluster);
  await interest(asker, '{"key":"a.>"}');
  const crowd = await Promise.all(Array.from({ length: 10 }, () => subscriber(cluster)));
  const count = 100;
  let rounds = 0;

  /** Messages that the leader gave the NATS server while keys were written; undefined if it did not lead all the time. */
  const published = async (connections: readonly RawClient[], each: number) => {
    const leader = cluster.leaderOf("g1") ?? "";
    const connection = `synod ${leader} clients`;
    rounds += 1;
    const watchers = new FeedWatchers();
    await watchers.open(cluster, connections, each);
    const before = await cluster.broker.messagesFrom(connection);
    await putAll(
      writer,
      Array.from({ length: count }, (_, at) => `a.${rounds}.${at}`),
    );
    const messages = (await cluster.broker.messagesFrom(connection)) - before;
    const isSteady = cluster.leaderOf("g1") === leader && messages >= 3 * count;
    const wanted = count * connections.length * each;
    if (isSteady) {
      await cluster.waitUntil("every change is heard", () => watchers.heard.size === count, 30_000);
      await cluster.waitUntil("all hear", () => watchers.deliveries >= wanted, 30_000);
      expect(watchers.messages).toBe(watchers.slots.size);
    }
    watchers.close();
    return isSteady ? messages : undefined;
  };

  const steadily = async (connections: readonly RawClient[], each: number): Promise<number> => {
    for (let attempt = 1; attempt <= 5; attempt++) {
      const messages = await published(connections, each);
      if (messages !== undefined) return messages;
    }
    throw new Error("no leader led for as long as the keys took");
  };

  const byOne = await steadily([asker], 1);
  const byThousand = await steadily(crowd, 100);
  // Of each put an answer, a message of the feed and one on the key's subject. Progress and what the test itself asks of
  // nodes goes by time, of which a crowd takes more on a busy machine; half a message for each who watches would show.
  expect(byOne).toBeGreaterThanOrEqual(3 * count);
  expect(byThousand).toBeLessThan(byOne + 500);
}, 180_000);

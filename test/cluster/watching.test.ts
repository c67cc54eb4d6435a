/** Watching with nothing but a NATS client, at real nodes, and what that costs whoever leads. */
import { afterEach, expect, test } from "vitest";
import { FeedDecoder } from "../../infra/codec/feed-codec.ts";
import { RequestEncoder } from "../../infra/codec/request-encoder.ts";
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

async function interest(client: RawClient, body = ""): Promise<string> {
  const answer = await client.request("synod.kv.default.interest", Buffer.from(body));
  return answer.toString();
}

function wantFeed(client: RawClient, cluster: Cluster): void {
  const { clusterId = "" } = cluster.status("n1") ?? {};
  client.transport.publish("synod.api", new RequestEncoder().interest(clusterId, "g1"));
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
  await writer.put("config.color", "blue");
  await writer.put("another", "unheard");
  await writer.increment("config.count");
  await waitUntil("both changes are heard", () => told.length === 2);
  expect(told).toMatchObject([
    { subject: "synod.kv.default.watch.config.color", body: "blue", operation: "PUT" },
    { subject: "synod.kv.default.watch.config.count", body: "1", operation: "PUT" },
  ]);
  const leader = cluster.leaderOf("g1") ?? "";
  await cluster.kill(leader);
  await cluster.waitUntil("another node leads", () => {
    const next = cluster.leaderOf("g1");
    return next !== undefined && next !== leader;
  });
  const put = await writer.put("config.color", "green");
  expect(failureOf(put)).toBeUndefined();
  await waitUntil("the new leader is heard", () => told.length === 3);
  expect(told[2]).toMatchObject({ body: "green", operation: "PUT" });
  expect(told[2]?.revision).toBeGreaterThan(told[1]?.revision ?? Infinity);
  expect(told.map(({ reason }) => reason)).toEqual([undefined, undefined, undefined]);
});

test("a thousand who watch one prefix make the leader publish no more than one does", async () => {
  const cluster = await started(true);
  const writer = cluster.client("writer");
  const keys = Array.from({ length: 200 }, (_, at) => `a.${at}`);
  const leader = cluster.leaderOf("g1") ?? "";
  const connection = `synod ${leader} clients`;
  const asker = await subscriber(cluster);
  await interest(asker, '{"key":"a.>"}');

  /** Messages that the leader gave the NATS server while the keys were written, and what one watcher heard of them. */
  const watchedBy = async (watchers: readonly RawClient[]): Promise<[number, number]> => {
    const decoder = new FeedDecoder();
    let heard = 0;
    const subscriptions = watchers.map((watcher, at) =>
      watcher.transport.subscribe("synod.feed.g1", ({ payload }) => {
        const message = decoder.decode(payload);
        if ("kind" in message) throw new Error(message.problem);
        if (at === 0) heard += message.changes.length;
      }),
    );
    for (const watcher of watchers) wantFeed(watcher, cluster);
    await Promise.all([...new Set(watchers)].map((watcher) => watcher.flushed()));
    const before = await cluster.broker.messagesFrom(connection);
    await putAll(writer, keys);
    await waitUntil("every change is heard", () => heard === keys.length);
    const published = (await cluster.broker.messagesFrom(connection)) - before;
    for (const subscription of subscriptions) subscription.close();
    return [published, heard];
  };

  const [byOne] = await watchedBy([asker]);
  const connections = await Promise.all(Array.from({ length: 10 }, () => subscriber(cluster)));
  const thousand = connections.flatMap((client) => Array.from({ length: 100 }, () => client));
  const [byThousand] = await watchedBy(thousand);
  // Of each put an answer, a message of the feed and one on the key's subject.
  expect(byOne).toBeGreaterThanOrEqual(3 * keys.length);
  // Progress is told by time, and the run with more to deliver takes longer.
  expect(Math.abs(byThousand - byOne)).toBeLessThan(keys.length / 10);
});

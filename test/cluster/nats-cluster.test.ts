/** Three NATS servers with routes between them, one node and one client at each: any one of the servers may be lost. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { connect } from "../../client/index.ts";
import { startCluster, type Cluster } from "./support/cluster.ts";
import { checkHistory } from "./support/cluster-history.ts";
import { Load } from "./support/load.ts";
import { resultOf, type TestClient } from "./support/test-client.ts";

/** Five seconds are promised; this machine may be busy. */
const patienceMs = 15_000;
const brokers = [0, 1, 2] as const;

let cluster: Cluster;
let clients: readonly TestClient[];

beforeAll(async () => {
  // The log is the judge in the end: it is kept from its first slot.
  cluster = await startCluster({ brokers: 3, limits: { checkpointIntervalMs: 3_600_000 } });
  clients = brokers.map((index) => cluster.client(`client ${index}`, index));
});
afterAll(() => cluster.close());

/** Keys of every group that holds keys. */
const keys = ["a", "k"];

async function everyClientWrites(): Promise<void> {
  const writes = clients.flatMap((client) =>
    keys.map(async (key) => resultOf(await client.put(key, undefined, patienceMs))),
  );
  await Promise.all(writes);
}

test("each node begins at a NATS server of its own, with both its connections", async () => {
  for (const index of brokers) {
    const names = await cluster.brokerAt(index).connectionNames();
    const ofNodes = names.filter((name) => name.startsWith("synod n"));
    expect(ofNodes.sort()).toEqual([`synod n${index + 1} clients`, `synod n${index + 1} peers`]);
  }
});

test("everybody reaches everybody, whichever server they are at", async () => {
  await everyClientWrites();
});

test("with the server of a leader killed, all write again within five seconds, and no call fails", async () => {
  const leader = cluster.leaderOf("g1") ?? "";
  await loses(await brokerOf(leader), `of ${leader}, which leads g1`);
});

test("with the server killed that two of three nodes have moved to, the same", async () => {
  const nodesAt = await Promise.all(
    brokers.map(async (index) => (await connectionsAt(index, "peers")).length),
  );
  expect(nodesAt.toSorted((a, b) => a - b)).toEqual([0, 1, 2]);
  await loses(nodesAt.indexOf(2), "of two nodes");
});

test("a client that knows all servers works with one of them down", async () => {
  await cluster.killBroker(1);
  const { servers } = cluster.topology;
  for (let attempt = 0; attempt < 5; attempt++) {
    await using synod = await connect({ servers });
    await synod.bucket().put("a", `attempt ${attempt}`);
  }
  await cluster.restartBroker(1);
});

test("a watch misses nothing when the server it hears through is killed", async () => {
  const { servers } = cluster.topology;
  await using watching = await connect({ servers, name: "watching" });
  await using writing = await connect({ servers, timeoutMs: patienceMs });
  const bucket = writing.bucket("watched");
  const watch = await watching.bucket("watched").watch();
  const seen: string[] = [];
  const telling = (async () => {
    for await (const entry of watch) {
      seen.push(entry.string());
      if (seen.length === 60) watch.stop();
    }
  })();
  const written = Array.from({ length: 60 }, (_, turn) => String(turn));
  for (const value of written.slice(0, 20)) await bucket.put("key", value);
  const names = await Promise.all(
    brokers.map((index) => cluster.brokerAt(index).connectionNames()),
  );
  const heardThrough = names.findIndex((connections) => connections.includes("watching"));
  const killed = cluster.killBroker(heardThrough);
  for (const value of written.slice(20, 40)) await bucket.put("key", value);
  await killed;
  await cluster.restartBroker(heardThrough);
  for (const value of written.slice(40)) await bucket.put("key", value);
  await cluster.waitUntil("the watch has told all", () => seen.length >= 60, patienceMs);
  await telling;
  expect(seen).toEqual(written);
});

test("everything clients were told agrees with the log", async () => {
  await cluster.waitUntilServing();
  await checkHistory(cluster);
});

/** Kills the server under load, and starts it again once everybody writes. */
async function loses(broker: number, whose: string): Promise<void> {
  const load = new Load(clients, { timeoutMs: patienceMs });
  const enough = load.answered + 200;
  await cluster.waitUntil("clients are answered", () => load.answered > enough);
  const killedMs = performance.now();
  await cluster.killBroker(broker);
  await everyClientWrites();
  const resumedMs = performance.now() - killedMs;
  console.log(`the NATS server ${whose} killed: all write again after ${resumedMs.toFixed()} ms`);
  expect(resumedMs).toBeLessThan(patienceMs);
  await cluster.restartBroker(broker);
  await cluster.waitUntilServing();
  await everyClientWrites();
  await load.stop();
  expect(load.complaints).toEqual([]);
}

async function brokerOf(node: string): Promise<number> {
  for (const index of brokers) {
    if ((await connectionsAt(index, "peers")).includes(`synod ${node} peers`)) return index;
  }
  throw new Error(`${node} is at no NATS server`);
}

async function connectionsAt(broker: number, purpose: string): Promise<readonly string[]> {
  const names = await cluster.brokerAt(broker).connectionNames();
  return names.filter((name) => name.startsWith("synod n") && name.endsWith(` ${purpose}`));
}

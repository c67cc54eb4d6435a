/** Nodes that stand still for longer than their leases and come back as if nothing had been, and a broker that dies. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { startCluster, type Cluster } from "./support/cluster.ts";
import { checkHistory } from "./support/cluster-history.ts";
import { Load } from "./support/load.ts";
import { resultOf, textOf, type TestClient } from "./support/test-client.ts";

/** Three times the two seconds in which others take over. */
const takeOverMs = 6_000;
/** Three times the five seconds within which everybody resumes after a broker's restart. */
const resumeMs = 15_000;

let cluster: Cluster;
let clients: readonly TestClient[];
let client: TestClient;

beforeAll(async () => {
  cluster = await startCluster({ limits: { checkpointIntervalMs: 3_600_000 } });
  client = cluster.client("first");
  clients = [client, cluster.client("second")];
});
afterAll(() => cluster.close());

async function answersMore(load: Load): Promise<void> {
  const enough = load.answered + 150;
  await cluster.waitUntil("clients are answered", () => load.answered > enough, resumeMs);
}

/** Long enough for leases to end, and for nats-server to cut the node off because it does not read. */
const standstillMs = 10_000;

/** Pauses the node while others lead, whatever it led, and clients go on. */
async function paused(name: string, load: Load): Promise<void> {
  cluster.pause(name);
  const endMs = performance.now() + standstillMs;
  const led = (): boolean =>
    cluster.topology.groups.every((group) => {
      const leader = cluster.leaderOf(group.name);
      return leader !== undefined && leader !== name;
    });
  await cluster.waitUntil(`others lead while ${name} stands still`, led, takeOverMs);
  // A paused node wakes up to everything it missed: there has to be a lot of it.
  while (performance.now() < endMs) await answersMore(load);
}

test("a leader that stands still is replaced, and when it goes on it says nothing wrong", async () => {
  const leader = cluster.leaderOf("g1") ?? "";
  const load = new Load(clients, { timeoutMs: takeOverMs });
  await answersMore(load);
  await paused(leader, load);
  cluster.resume(leader);
  // The woken leader still has its old frames and reads in its sockets.
  await answersMore(load);
  await load.stop();
  expect(load.complaints).toEqual([]);
  await cluster.waitUntilServing();
});

test("a follower that stands still is not missed, and catches up", async () => {
  const leaders = cluster.topology.groups.map(({ name }) => cluster.leaderOf(name) ?? "");
  const follower = cluster.others(cluster.leaderOf("g1") ?? "")[0] ?? "";
  const load = new Load(clients, { timeoutMs: takeOverMs });
  await answersMore(load);
  await paused(follower, load);
  cluster.resume(follower);
  await load.stop();
  expect(load.complaints).toEqual([]);
  expect(leaders).not.toContain("");
  await cluster.waitUntilServing();
  await cluster.waitUntilQuiet();
});

test("when the broker is killed and comes back, nodes and clients resume by themselves", async () => {
  const load = new Load(clients, { timeoutMs: resumeMs });
  await answersMore(load);
  await cluster.killBroker();
  await cluster.waitUntil("the client notices", () => !client.connected);
  const value = client.uniqueValue();
  const waiting = client.put("k", value, resumeMs);
  await cluster.restartBroker();
  resultOf(await waiting);
  await answersMore(load);
  await load.stop();
  expect(load.complaints).toEqual([]);
  await cluster.waitUntilServing();
});

test("without a broker a call fails in time and says that it was not executed", async () => {
  await cluster.killBroker();
  await cluster.waitUntil("the client notices", () => !client.connected);
  const refused = await client.put("a", undefined, 300);
  expect(refused.told?.answer).toMatchObject({ code: "NOT_CONNECTED", outcome: "not executed" });
  await cluster.restartBroker();
  await cluster.waitUntilServing();
  resultOf(await client.put("a", "after", resumeMs));
  expect(textOf(await client.get("a"))).toBe("after");
});

test("everything clients were told agrees with the log", async () => {
  await checkHistory(cluster);
});

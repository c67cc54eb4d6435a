/** Fewer nodes than a quorum: nothing is promised that cannot be kept, and nothing is said that is not so. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { startCluster, type Cluster } from "./support/cluster.ts";
import { checkHistory } from "./support/cluster-history.ts";
import { Load } from "./support/load.ts";
import { failureOf, resultOf, textOf, type TestClient } from "./support/test-client.ts";

const shortMs = 700;
/** A node's start, and then some. */
const bootMs = 15_000;
/** How a call may fail while nodes are missed. */
const codes = ["NO_QUORUM", "TIMEOUT", "NOT_LEADER", "UNAVAILABLE", "LEADERSHIP_LOST"];

let cluster: Cluster;
let client: TestClient;

beforeAll(async () => {
  cluster = await startCluster({ limits: { checkpointIntervalMs: 3_600_000 } });
  client = cluster.client("first");
});
afterAll(() => cluster.close());

/** Keys of every group that holds keys. */
const keys = ["a", "k"];

/** Asks for a write and a read of every group until all have been told that there is no quorum. */
async function untilNoQuorumIsTold(): Promise<void> {
  const asks = keys.flatMap((key) => [
    () => client.put(key, undefined, shortMs),
    () => client.get(key, shortMs),
  ]);
  await Promise.all(
    asks.map(async (ask) => {
      for (;;) {
        const failure = failureOf(await ask());
        if (failure?.code === "NO_QUORUM") return expect(failure.outcome).toBe("not executed");
        // Until then a node may not know yet, not be there to ask, or take no part.
        expect(["NOT_LEADER", "UNAVAILABLE", "TIMEOUT"]).toContain(failure?.code);
        if (failure?.code !== "TIMEOUT") expect(failure?.outcome).toBe("not executed");
      }
    }),
  );
}

test("with two of three killed, what is under way fails, and says truthfully what is known of it", async () => {
  for (const key of keys) resultOf(await client.put(key, `kept ${key}`));
  const load = new Load([client, cluster.client("second")], { timeoutMs: shortMs });
  await cluster.waitUntil("clients are answered", () => load.answered > 300);
  await cluster.kill("n2", "n3");
  await cluster.waitUntil("calls fail", () => load.failures.length > 0);
  await load.stop();
  for (const failed of load.failures) {
    expect(failed.stale).toBe(false);
    expect(codes).toContain(failureOf(failed)?.code);
  }
});

test("without a quorum new writes and linearizable reads fail, and are not executed", async () => {
  await cluster.waitUntil(
    "n1 knows that it is alone",
    () => cluster.replica("n1", "g1")?.role === "candidate",
  );
  await untilNoQuorumIsTold();
});

test("without a quorum stale reads answer", async () => {
  for (const key of keys) expect(textOf(await client.getStale(key))).toBeDefined();
});

test("a client that arrives when one node alone was started again reads stale, and is told the truth", async () => {
  await cluster.kill("n1");
  cluster.start("n1");
  const late = cluster.client("late");
  for (const key of keys) {
    expect(textOf(await late.getStale(key, bootMs))).toBeDefined();
    expect(failureOf(await late.put(key, undefined, 4 * shortMs))).toMatchObject({
      code: "NO_QUORUM",
      outcome: "not executed",
    });
  }
});

test("with the others back, what was acknowledged is there and clients go on", async () => {
  cluster.start("n2", "n3");
  await cluster.waitUntilServing();
  for (const key of keys) {
    resultOf(await client.put(key, `after ${key}`));
    expect(textOf(await client.get(key))).toBe(`after ${key}`);
  }
});

test("a member that lost its store does not help others to forget what it had acknowledged", async () => {
  cluster.pause("n3");
  await cluster.waitUntil("n1 and n2 lead all groups", () =>
    cluster.topology.groups.every(({ name }) =>
      ["n1", "n2"].includes(cluster.leaderOf(name) ?? ""),
    ),
  );
  for (const key of keys) resultOf(await client.put(key, `unseen by n3 ${key}`));
  await cluster.kill("n1", "n2", "n3");
  cluster.node("n2").wipe();
  cluster.start("n2", "n3");
  await cluster.waitUntil(
    "n2 says that its store was lost",
    () => cluster.status("n2")?.barred?.code === "LOST_STORE",
  );
  await cluster.waitUntil(
    "n3 looks for a quorum",
    () => cluster.replica("n3", "g1")?.role === "candidate",
  );
  await untilNoQuorumIsTold();
  expect(cluster.everyGroupLed).toBe(false);
  expect(cluster.replica("n3", "g1")?.role).not.toBe("leader");
  for (const key of keys) {
    expect(textOf(await client.getStale(key))).not.toBe(`unseen by n3 ${key}`);
  }
});

test("the member that still knows brings it back", async () => {
  cluster.start("n1");
  await cluster.waitUntilServing("n1", "n3");
  for (const key of keys) expect(textOf(await client.get(key))).toBe(`unseen by n3 ${key}`);
  expect(cluster.status("n2")?.barred?.code).toBe("LOST_STORE");
  for (const key of keys) resultOf(await client.put(key));
});

test("everything clients were told agrees with the log", async () => {
  await checkHistory(cluster, ["n1", "n3"]);
});

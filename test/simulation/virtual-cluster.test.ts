/** `synod/testing`, as tests of other programs use it. */
import { expect, test } from "vitest";
import { simulatedCluster, type VirtualCluster } from "../../sim/testing/index.ts";

/** Counts under faults, and tells all there is to tell about the run. */
async function play(seed: number): Promise<string> {
  const cluster = await simulatedCluster({ seed });
  const bucket = cluster.connect().bucket();
  cluster.startFaults();
  let acknowledged = 0;
  await cluster.run(async () => {
    while (cluster.nowMs < 8_000) {
      await bucket.increment("n").then(
        () => (acknowledged += 1),
        () => undefined,
      );
      await cluster.sleep(50);
    }
  });
  const faults = cluster.stopFaults();
  const count = Number((await cluster.run(() => bucket.get("n")))?.string());
  // What failed may have been executed, what was acknowledged has been.
  expect(count).toBeGreaterThanOrEqual(acknowledged);
  expect(acknowledged).toBeGreaterThan(0);
  expect(Object.keys(faults).length).toBeGreaterThan(3);
  return JSON.stringify([count, acknowledged, faults, cluster.nowMs, cluster.log]);
}

test("the same seed gives the same run, and another one another", async () => {
  const first = await play(5);
  expect(await play(5)).toBe(first);
  expect(await play(6)).not.toBe(first);
});

test("time passes in a run only, and a run that comes to nothing fails", async () => {
  const cluster = await simulatedCluster();
  const startMs = cluster.nowMs;
  await new Promise((resolve) => setTimeout(resolve, 5));
  expect(cluster.nowMs).toBe(startMs);
  await cluster.runFor(60_000);
  expect(cluster.nowMs - startMs).toBeGreaterThanOrEqual(60_000);
  const never = cluster.run(() => new Promise(() => undefined), 1_000);
  await expect(never).rejects.toThrow("nothing came of it in 1000 virtual ms");
  await expect(cluster.run(() => Promise.reject(new Error("its own")))).rejects.toThrow("its own");
});

test.each<[string, (cluster: VirtualCluster, leader: string, others: readonly string[]) => void]>([
  ["killed", (cluster, leader) => cluster.kill(leader)],
  ["without power", (cluster, leader) => cluster.losePower(leader)],
  ["paused", (cluster, leader) => cluster.pause(leader)],
  ["cut off from the others", (cluster, leader, others) => cluster.partition([leader], others)],
])("with its leader %s a group goes on, and the leader comes back", async (_, strike) => {
  const cluster = await simulatedCluster();
  const bucket = cluster.connect("client", { timeoutMs: 20_000 }).bucket();
  await cluster.run(() => bucket.put("a", "before"));
  const leader = cluster.leaderOf("g1") ?? "none";
  const others = cluster.topology.nodes.map(({ name }) => name).filter((name) => name !== leader);
  strike(cluster, leader, others);
  await cluster.run(() => bucket.put("a", "meanwhile"));
  await cluster.runFor(2_000);
  cluster.stopFaults();
  await cluster.runFor(5_000);
  for (const other of others) cluster.kill(other);
  cluster.start(others[0] ?? "");
  const entry = await cluster.run(() => bucket.get("a"));
  expect(entry?.string()).toBe("meanwhile");
});

test("a majority that is gone is an error, in time, and a restart of the broker is none", async () => {
  const cluster = await simulatedCluster();
  const bucket = cluster.connect().bucket();
  cluster.restartBroker();
  await cluster.run(() => bucket.put("a", "1"));
  cluster.kill("n1");
  cluster.kill("n2");
  const beforeMs = cluster.nowMs;
  await expect(cluster.run(() => bucket.put("a", "2"))).rejects.toMatchObject({
    retryable: expect.any(Boolean),
  });
  expect(cluster.nowMs - beforeMs).toBeLessThan(10_000);
});

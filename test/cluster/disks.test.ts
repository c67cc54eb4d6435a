/** Disks that take no more, or that fail to save what they took: the node's replicas stop, and say why. */
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { makeCluster, type Cluster } from "./support/cluster.ts";
import { checkHistory } from "./support/cluster-history.ts";
import { compiler, failingDisk } from "./support/failing-disk.ts";
import { Load } from "./support/load.ts";
import { resultOf, textOf, type TestClient } from "./support/test-client.ts";

let cluster: Cluster;
let client: TestClient;
let clients: readonly TestClient[];
/** While this file is there, nothing that n2 writes can be saved. */
let flag: string;

beforeAll(async () => {
  cluster = await makeCluster({ limits: { checkpointIntervalMs: 3_600_000 } });
  flag = join(cluster.directory, "the disk fails");
  cluster.node("n1").start();
  // The leaders that the topology prefers for g1 and g2.
  cluster
    .node("n2")
    .start(compiler === undefined ? {} : { environment: failingDisk(cluster.directory, flag) });
  // In blocks of 512 bytes: the log may grow to 8 MB.
  cluster.node("n3").start({ before: "ulimit -f 16000" });
  await cluster.waitUntilServing();
  client = cluster.client("first");
  clients = [client, cluster.client("second")];
});
afterAll(() => cluster.close());

/** The node stays up, none of its replicas takes part any more, and it says that its disk is to blame. */
async function waitUntilStopped(name: string): Promise<void> {
  await cluster.waitUntil(
    `the replicas of ${name} stop`,
    () => {
      const replicas = cluster.status(name)?.replicas ?? [];
      return (
        replicas.length === cluster.topology.groups.length &&
        replicas.every(
          ({ role, stopped }) => role === "stopped" && stopped?.code === "STORAGE_FAILED",
        )
      );
    },
    20_000,
  );
  expect(cluster.node(name).running).toBe(true);
}

async function answersMore(load: Load): Promise<void> {
  const enough = load.answered + 200;
  await cluster.waitUntil("clients are answered", () => load.answered > enough);
}

/** The leader that the topology prefers takes over by itself. */
async function leads(name: string, group: string): Promise<void> {
  await cluster.waitUntil(`${name} leads ${group}`, () => cluster.leaderOf(group) === name, 40_000);
}

/** Nothing that others go on with was lost, and the stopped node tells nothing. */
async function othersGoOnWithout(name: string, load: Load): Promise<void> {
  await answersMore(load);
  await load.stop();
  expect(load.complaints).toEqual([]);
  for (const key of ["a", "k"]) {
    const value = client.uniqueValue();
    resultOf(await client.put(key, value));
    expect(textOf(await client.get(key))).toBe(value);
  }
  expect(cluster.replica(name, "g1")?.role).toBe("stopped");
}

async function worksAgain(name: string): Promise<void> {
  await cluster.kill(name);
  cluster.start(name);
  await cluster.waitUntilServing();
}

test.runIf(compiler !== undefined)(
  "a leader whose disk fails to save stops for good, and what it could not save is told to nobody",
  async () => {
    await leads("n2", "g1");
    const load = new Load(clients);
    await answersMore(load);
    writeFileSync(flag, "");
    await waitUntilStopped("n2");
    // A later flush may succeed with pages lost: it must not be tried.
    rmSync(flag);
    await othersGoOnWithout("n2", load);
    await worksAgain("n2");
  },
);

test("a leader whose disk is full stops and says so, nothing is lost, and it works again once there is space", async () => {
  await leads("n3", "g2");
  const load = new Load(clients);
  await answersMore(load);
  const value = "x".repeat(64 * 1024);
  for (let turn = 0; cluster.replica("n3", "g2")?.role !== "stopped"; turn++) {
    if (turn > 400) throw new Error("the disk does not fill up");
    expect(cluster.node("n3").endedBecause).toBeUndefined();
    resultOf(await client.put(`k-large-${turn % 8}`, `${client.uniqueValue()} ${value}`));
  }
  await waitUntilStopped("n3");
  await othersGoOnWithout("n3", load);
  await worksAgain("n3");
});

test("everything clients were told agrees with the log", async () => {
  await checkHistory(cluster);
});

test("a disk that has no room for a checkpoint stops the node as well", async () => {
  const small = await makeCluster({
    limits: {
      checkpointBytes: 512 * 1024,
      checkpointIntervalMs: 3_600_000,
      logBytesMax: 1024 * 1024,
    },
  });
  try {
    small.start("n1", "n2");
    // A file of the log ends at 16 MB, and the log is trimmed all the time; what is checkpointed comes to these 20 MB.
    small.node("n3").start({ before: "ulimit -f 40000" });
    await small.waitUntilServing();
    const writer = small.client("writer");
    const value = "x".repeat(64 * 1024);
    for (let turn = 0; small.replica("n3", "g1")?.role !== "stopped"; turn++) {
      if (turn > 1_000) throw new Error("the disk does not fill up");
      resultOf(await writer.put(`a${turn}`, value));
    }
    const { stopped, checkpoints } = small.replica("n3", "g1") ?? {};
    expect(stopped?.code).toBe("STORAGE_FAILED");
    expect(stopped?.text).toMatch(/state/);
    expect(checkpoints).toBeGreaterThan(0);
    expect(small.node("n3").running).toBe(true);
    resultOf(await writer.put("a", "the others go on"));
    await small.kill("n3");
    small.start("n3");
    await small.waitUntil(
      "n3 takes part again",
      () =>
        small.replica("n3", "g1")?.role !== "stopped" && small.status("n3")?.state === "serving",
    );
  } finally {
    await small.close();
  }
});

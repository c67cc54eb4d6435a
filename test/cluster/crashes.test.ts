/** Processes that die or are asked to stop, one, some or all of them, while clients keep asking. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { connect } from "../../client/index.ts";
import { startCluster, type Cluster } from "./support/cluster.ts";
import { checkHistory } from "./support/cluster-history.ts";
import { Load } from "./support/load.ts";
import { resultOf, textOf, type TestClient } from "./support/test-client.ts";

/** Three times the two seconds that are promised: this machine may be busy. */
const patienceMs = 6_000;

let cluster: Cluster;
let clients: readonly TestClient[];
let client: TestClient;

beforeAll(async () => {
  // The log is the judge in the end: it is kept from its first slot.
  cluster = await startCluster({ limits: { checkpointIntervalMs: 3_600_000 } });
  client = cluster.client("first");
  clients = [client, cluster.client("second")];
});
afterAll(() => cluster.close());

/** Keys of every group that holds keys. */
const keyOf: Readonly<Record<string, string>> = { g1: "a", g2: "k" };

async function underLoad(act: (load: Load) => Promise<void>): Promise<Load> {
  const load = new Load(clients, { timeoutMs: patienceMs });
  await answersMore(load);
  await act(load);
  await load.stop();
  return load;
}

async function answersMore(load: Load): Promise<void> {
  const enough = load.answered + 200;
  await cluster.waitUntil("clients are answered", () => load.answered > enough);
}

async function writesSucceed(): Promise<void> {
  for (const key of Object.values(keyOf)) resultOf(await client.put(key, undefined, patienceMs));
}

function someFollower(group: string): string {
  const leaders = cluster.topology.groups.map(({ name }) => cluster.leaderOf(name));
  const [follower] = cluster.others(...leaders.filter((name) => name !== undefined));
  return follower ?? cluster.others(cluster.leaderOf(group) ?? "")[0] ?? "";
}

test.each(["g1", "g2", "meta"])(
  "with the leader of %s killed, writes succeed again within two seconds, and no call fails",
  async (group) => {
    const leader = cluster.leaderOf(group) ?? "";
    const load = await underLoad(async () => {
      await cluster.kill(leader);
      await writesSucceed();
    });
    expect(load.complaints).toEqual([]);
    cluster.start(leader);
    await cluster.waitUntilServing();
  },
);

test("with a follower killed, no call fails", async () => {
  const follower = someFollower("g1");
  const load = await underLoad(async (running) => {
    await cluster.kill(follower);
    await answersMore(running);
  });
  expect(load.complaints).toEqual([]);
});

test("with one of three down for good, everything works", async () => {
  const [down] = cluster.nodes.filter(({ running }) => !running);
  expect(down).toBeDefined();
  const value = client.uniqueValue();
  for (const key of Object.values(keyOf)) {
    resultOf(await client.put(key, `${value} ${key}`));
    expect(textOf(await client.get(key))).toBe(`${value} ${key}`);
    resultOf(await client.increment(`${key}#`));
  }
  cluster.start(down?.name ?? "");
  await cluster.waitUntilServing();
});

test("a program counts on while its leader is killed, each step once", async () => {
  const { servers } = cluster.topology;
  await using synod = await connect({ servers, timeoutMs: patienceMs });
  const counters = synod.bucket("counters");
  const steps = new Map<string, number>();
  const counting = { goesOn: true };
  const lanes = ["a", "k", "z"].map(async (name) => {
    while (counting.goesOn) {
      const sum = await counters.increment(name);
      const step = (steps.get(name) ?? 0) + 1;
      steps.set(name, step);
      expect(sum).toBe(step);
    }
  });
  const allCountTo = (more: number): Promise<void> => {
    const before = new Map(steps);
    return cluster.waitUntil("all counters count on", () =>
      ["a", "k", "z"].every((name) => (steps.get(name) ?? 0) > (before.get(name) ?? 0) + more),
    );
  };
  await allCountTo(30);
  const leader = cluster.leaderOf("g1") ?? "";
  await cluster.kill(leader);
  await allCountTo(30);
  cluster.start(leader);
  await cluster.waitUntilServing();
  counting.goesOn = false;
  await Promise.all(lanes);
  for (const [name, step] of steps) {
    expect((await counters.get(name))?.string()).toBe(String(step));
  }
});

test("a node asked to stop hands over what it leads and ends with code 0, and no call fails", async () => {
  const leader = cluster.leaderOf("g1") ?? "";
  const load = await underLoad(async () => {
    cluster.node(leader).terminate();
    // Three times the two seconds a drain may take.
    expect(await cluster.node(leader).ended(patienceMs)).toBe("exit code 0");
    await writesSucceed();
  });
  expect(load.complaints).toEqual([]);
  cluster.start(leader);
  await cluster.waitUntilServing();
});

test("with all three killed at once, every acknowledged write is there after the restart", async () => {
  const acknowledged = new Map<string, string>();
  const writers = Array.from({ length: 8 }, async (_, writer) => {
    for (let turn = 0; ; turn++) {
      const key = `${writer % 2 === 0 ? "a" : "k"}-${writer}-${turn}`;
      const value = client.uniqueValue();
      const recorded = await client.put(key, value, 1_500);
      if (recorded.told !== undefined && "code" in recorded.told.answer) return;
      acknowledged.set(key, value);
    }
  });
  await cluster.waitUntil("writes are acknowledged", () => acknowledged.size > 300);
  await cluster.kill("n1", "n2", "n3");
  await Promise.all(writers);
  cluster.start("n1", "n2", "n3");
  await cluster.waitUntilServing();
  const missing: string[] = [];
  for (const [key, value] of acknowledged) {
    if (textOf(await client.get(key)) !== value) missing.push(key);
  }
  expect(missing).toEqual([]);
});

test("everything clients were told agrees with the log", async () => {
  await checkHistory(cluster);
});

/** Data directories that are not what they seem, and topology files that say something else than what runs. */
import { cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { renderTopology } from "../../infra/topology/render-topology.ts";
import type { Topology } from "../../infra/topology/topology.ts";
import { brokerPasswords } from "../support/broker-passwords.ts";
import { makeCluster, startCluster, type Cluster } from "./support/cluster.ts";
import { NodeUnderTest } from "./support/node-under-test.ts";
import { resultOf, textOf, type TestClient } from "./support/test-client.ts";

let cluster: Cluster;
let client: TestClient;

beforeAll(async () => {
  cluster = await startCluster({ limits: { checkpointIntervalMs: 3_600_000 } });
  client = cluster.client("first");
});
afterAll(() => cluster.close());

function savedAt(name: string): string {
  return join(cluster.directory, name);
}

/** The file of a topology in which g2 owns nothing. */
function otherTopologyFile(of: Cluster): string {
  const other: Topology = {
    ...of.topology,
    regions: of.topology.regions.map((region) => ({ ...region, group: "g1" })),
  };
  const path = join(of.directory, "other.yaml");
  writeFileSync(path, renderTopology(other));
  return path;
}

async function othersGoOn(): Promise<void> {
  for (const key of ["a", "k"]) {
    const value = client.uniqueValue();
    resultOf(await client.put(key, value));
    expect(textOf(await client.get(key))).toBe(value);
  }
}

test("a second process on a data directory is refused, and the first goes on", async () => {
  const second = new NodeUnderTest({
    name: "n1",
    directory: cluster.directory,
    topologyFile: cluster.topologyFile,
    environment: brokerPasswords,
    limits: {},
    filtered: false,
  });
  second.start({ dataDirectory: cluster.node("n1").dataDirectory });
  expect(await second.ended()).not.toBe("exit code 0");
  expect(second.logged("STORE_LOCKED")).toBe(true);
  expect(cluster.node("n1").running).toBe(true);
  await othersGoOn();
});

test("a topology file that differs from what runs is reported, and what runs stays as it is", async () => {
  await cluster.kill("n3");
  cluster.node("n3").start({ topologyFile: otherTopologyFile(cluster) });
  await cluster.waitUntilServing();
  expect(cluster.status("n3")?.problems.map(({ code }) => code)).toEqual(["TOPOLOGY_DIFFERS"]);
  await othersGoOn();
});

function replaceStore(saved: string, part = ""): void {
  const target = join(cluster.node("n3").dataDirectory, part);
  rmSync(target, { recursive: true });
  cpSync(join(savedAt(saved), part), target, { recursive: true });
}

async function n3SaysThatItsStoreWasRestored(): Promise<void> {
  await cluster.waitUntil(
    "n3 says that its store was restored",
    () => cluster.status("n3")?.barred?.code === "RESTORED_STORE",
  );
}

test("a store that was copied back takes no part any more", async () => {
  const { dataDirectory } = cluster.node("n3");
  await cluster.kill("n3");
  cpSync(dataDirectory, savedAt("older"), { recursive: true });
  cluster.start("n3");
  await cluster.waitUntilServing();
  await cluster.kill("n3");
  cpSync(dataDirectory, savedAt("newer"), { recursive: true });
  replaceStore("older");
  cluster.start("n3");
  await n3SaysThatItsStoreWasRestored();
  expect(cluster.status("n3")?.replicas.every(({ role }) => role === "stopped")).toBe(true);
  await othersGoOn();
});

test("a log that was copied back under its identity file is refused before it says a word", async () => {
  await cluster.kill("n3");
  replaceStore("newer");
  replaceStore("older", "log");
  cluster.start("n3");
  await n3SaysThatItsStoreWasRestored();
  expect(cluster.status("n3")?.replicas).toEqual([]);
  await othersGoOn();
});

test("another node's state is refused, and the node stays up and says so", async () => {
  await cluster.kill("n3");
  replaceStore("newer");
  const state = join(cluster.node("n3").dataDirectory, "state");
  rmSync(state, { recursive: true });
  cpSync(join(cluster.node("n1").dataDirectory, "state"), state, { recursive: true });
  cluster.start("n3");
  await cluster.waitUntil(
    "n3 says that its state is not its own",
    () => cluster.status("n3")?.barred?.text.includes("the state store is that of") === true,
  );
  expect(cluster.node("n3").logged("Move its directory away")).toBe(true);
  expect(cluster.node("n3").running).toBe(true);
  await othersGoOn();
});

test("a damaged record stops the replica that meets it, and is never served", async () => {
  await cluster.kill("n3");
  replaceStore("newer");
  cluster.start("n3");
  await cluster.waitUntilServing();
  // With n1 away, nothing is acknowledged that is not on the disk of n3.
  await cluster.kill("n1");
  const marker = "a value to be found on the disk again";
  resultOf(await client.put("a", marker));
  await cluster.kill("n3");
  cluster.start("n1");
  damageEvery(marker, join(cluster.node("n3").dataDirectory, "log"));
  cluster.start("n3");
  await cluster.waitUntil("n3 says that its store is corrupt", () => {
    const status = cluster.status("n3");
    const stopped = status?.replicas.find(({ group }) => group === "g1")?.stopped;
    // It is met while the node, the replica, or what the replica had applied is put together.
    const reason = status?.barred ?? status?.unstartable["g1"] ?? stopped;
    return reason?.code === "CORRUPT_STORE";
  });
  expect(cluster.node("n3").running).toBe(true);
  expect(textOf(await client.get("a"))).toBe(marker);
  await othersGoOn();
});

/** Flips a bit in each copy of the text that a file of the directory holds. */
function damageEvery(text: string, directory: string): void {
  let damaged = 0;
  for (const path of readdirSync(directory).map((name) => join(directory, name))) {
    const bytes = readFileSync(path);
    for (let at = bytes.indexOf(text); at >= 0; at = bytes.indexOf(text, at + 1)) {
      bytes[at] = (bytes[at] ?? 0) ^ 1;
      damaged += 1;
    }
    writeFileSync(path, bytes);
  }
  expect(damaged).toBeGreaterThan(0);
}

test("nodes whose files disagree at their first start found no cluster, and say why", async () => {
  const unborn = await makeCluster();
  try {
    unborn.start("n1", "n2");
    unborn.node("n3").start({ topologyFile: otherTopologyFile(unborn) });
    await unborn.waitUntil("the difference is reported", () =>
      unborn
        .others()
        .some((name) =>
          unborn.status(name)?.problems.some(({ code }) => code === "TOPOLOGY_DIFFERS"),
        ),
    );
    expect(unborn.everyGroupLed).toBe(false);
    await unborn.kill("n3");
    unborn.start("n3");
    await unborn.waitUntilServing();
  } finally {
    await unborn.close();
  }
});

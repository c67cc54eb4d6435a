/** Checkpoints, trims and what becomes of members that lost their state or were away for too long. */
import { afterAll, beforeAll, expect, test } from "vitest";
import type { ReplicaStatus } from "../../infra/status/replica-status.ts";
import { startCluster, type Cluster } from "./support/cluster.ts";
import { failureOf, resultOf, textOf, type TestClient } from "./support/test-client.ts";

const checkpointBytes = 64 * 1024;
/** Far more than a member is ever behind whose checkpoints are merely slow, as they are after a start. */
const logBytesMax = 6 * 1024 * 1024;
const valueBytes = 4096;
const group = "g1";

let cluster: Cluster;
let client: TestClient;
/** What each key holds. */
const expected = new Map<string, string>();

beforeAll(async () => {
  cluster = await startCluster({
    limits: { checkpointBytes, logBytesMax, checkpointIntervalMs: 3_600_000 },
  });
  client = cluster.client("writer");
});
afterAll(() => cluster.close());

function replicas(): readonly ReplicaStatus[] {
  return cluster.others().flatMap((name) => cluster.replica(name, group) ?? []);
}

/** A dozen keys of the group, over and over. */
async function write(values: number): Promise<void> {
  for (let round = 0; round < values; round += 12) {
    const puts = Array.from({ length: 12 }, async (_, at) => {
      const value = client.uniqueValue().padEnd(valueBytes, ".");
      resultOf(await client.put(`a${at}`, value));
      expected.set(`a${at}`, value);
    });
    await Promise.all(puts);
  }
}

async function everythingIsThere(): Promise<void> {
  for (const [key, value] of expected) expect(textOf(await client.get(key))).toBe(value);
}

test("a member that lost its state replays the log and serves, while the log reaches back to the first slot", async () => {
  await write(12);
  await cluster.kill("n3");
  cluster.node("n3").wipe("state");
  cluster.start("n3");
  await cluster.waitUntilServing();
  await cluster.waitUntilQuiet();
  const [first, ...others] = replicas().map(({ checksum }) => checksum);
  expect(others).toEqual([first, first]);
  await everythingIsThere();
});

test("checkpoints follow each other, and the log is trimmed behind them", async () => {
  const writing = { going: true };
  const load = (async () => {
    while (writing.going) await write(24);
  })();
  const violations: string[] = [];
  // Of one member its status tells at one moment; that no other is left behind is for the simulator to see.
  const watch = setInterval(() => {
    for (const { trimmedThrough, checkpointThrough } of replicas()) {
      if (trimmedThrough > checkpointThrough) {
        violations.push(`${trimmedThrough} > ${checkpointThrough}`);
      }
    }
  }, 20);
  await cluster.waitUntil(
    "every member has written three checkpoints and trimmed",
    () =>
      replicas().length === 3 &&
      replicas().every(({ checkpoints, trims }) => checkpoints >= 3 && trims >= 1),
    20_000,
  );
  clearInterval(watch);
  writing.going = false;
  await load;
  for (const { trimmedThrough, needsSnapshot } of replicas()) {
    expect(trimmedThrough).toBeGreaterThan(0);
    expect(needsSnapshot).toBe(false);
  }
  await everythingIsThere();
  expect(violations).toEqual([]);
});

test("everything is there after all are killed: from the checkpoint and the log behind it", async () => {
  await cluster.kill("n1", "n2", "n3");
  cluster.start("n1", "n2", "n3");
  await cluster.waitUntilServing();
  await everythingIsThere();
});

test("a member that is away while the log outgrows its bound needs a snapshot, and the others go on", async () => {
  await cluster.kill("n3");
  const away = cluster.replica("n1", group)?.trimmedThrough ?? 0;
  const writing = { going: true };
  const load = (async () => {
    while (writing.going) await write(24);
  })();
  await cluster.waitUntil(
    "the log is trimmed although n3 misses it",
    () =>
      ["n1", "n2"].every((name) => (cluster.replica(name, group)?.trimmedThrough ?? 0) > away + 50),
    30_000,
  );
  writing.going = false;
  await load;
  cluster.start("n3");
  await cluster.waitUntil(
    "n3 says that it needs a snapshot",
    () => cluster.replica("n3", group)?.needsSnapshot === true,
  );
  expect(cluster.replica("n3", group)?.role).toBe("needs snapshot");
  await write(12);
  await everythingIsThere();
});

test("a member that lost its state behind a trimmed log votes, but neither leads nor serves", async () => {
  await cluster.kill("n2");
  cluster.node("n2").wipe("state");
  cluster.start("n2");
  await cluster.waitUntil(
    "n2 says that it needs a snapshot",
    () => cluster.replica("n2", group)?.needsSnapshot === true,
  );
  // n1 alone has the state: with one of the others it is a quorum all the same.
  await cluster.kill("n3");
  await write(12);
  await everythingIsThere();
  expect(cluster.leaderOf(group)).toBe("n1");
  for (let turn = 0; turn < 6; turn++) {
    expect(textOf(await client.getStale("a0"))).toBe(expected.get("a0"));
  }
  // With n1 gone there is a quorum that votes, and nobody who could answer.
  cluster.start("n3");
  await cluster.waitUntil("n3 votes", () => cluster.replica("n3", group) !== undefined);
  await cluster.kill("n1");
  expect(failureOf(await client.put("a0", undefined, 1_000))).toBeDefined();
  expect(cluster.leaderOf(group)).toBeUndefined();
  cluster.start("n1");
  await cluster.waitUntil("n1 leads again", () => cluster.leaderOf(group) === "n1");
});

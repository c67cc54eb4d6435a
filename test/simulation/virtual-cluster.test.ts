/** `synod/testing`, as tests of other programs use it. */
import { execFileSync } from "node:child_process";
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, describe, expect, test } from "vitest";
import type { SynodClient } from "../../client/synod-client.ts";
import {
  forEachSeed,
  simulatedCluster,
  type MomentName,
  type VirtualCluster,
} from "../../sim/testing/index.ts";
import { compiledPath } from "../support/compiled.ts";

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
  const { calls, keys, undecided } = await cluster.check();
  expect([keys, undecided]).toEqual([1, 0]);
  expect(calls).toBeGreaterThan(acknowledged);
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

/** The node that leads g1, where the key `a` lives, and a client that is patient. */
async function started(): Promise<[VirtualCluster, string, ReturnType<SynodClient["bucket"]>]> {
  const cluster = await simulatedCluster({ seed: 2 });
  const bucket = cluster.connect("client", { timeoutMs: 20_000 }).bucket();
  return [cluster, cluster.leaderOf("g1") ?? "none", bucket];
}

test.each<["before" | "after", MomentName]>([
  ["before", "accept"],
  ["after", "accept"],
  ["before", "flush"],
  ["after", "flush"],
  ["before", "answer"],
  ["after", "answer"],
])("a leader that loses power %s its %s is no reason to do it twice", async (when, what) => {
  const [cluster, leader, bucket] = await started();
  const placed = cluster[when](what, { node: leader }, () => cluster.losePower(leader));
  expect(await cluster.run(() => bucket.increment("a"))).toBe(1);
  await cluster.runFor(1_000);
  expect(placed.happened).toBe(true);
  cluster.stopFaults();
  expect(await cluster.run(() => bucket.increment("a"))).toBe(2);
  expect(await cluster.check()).toEqual({ calls: 2, keys: 1, undecided: 0 });
});

test("what happens before a message keeps it from being sent, what happens after does not", async () => {
  const accepts = async (when: "before" | "after"): Promise<number> => {
    const [cluster, leader, bucket] = await started();
    const others = cluster.topology.nodes.map(({ name }) => name).filter((name) => name !== leader);
    let seen = 0;
    for (const node of others) cluster.before("accepted", { node, group: "g1" }, () => (seen += 1));
    cluster[when]("accept", { node: leader, group: "g1" }, () => {
      cluster.kill(leader);
      // Nobody leads for a moment: what comes of the message itself can be counted.
      for (const other of others) expect(cluster.leaderOf("g1")).not.toBe(other);
    });
    void bucket.put("a", "1").catch(() => undefined);
    await cluster.runFor(50);
    return seen;
  };
  expect(await accepts("before")).toBe(0);
  // A small entry is sent to the one member that is needed first.
  expect(await accepts("after")).toBe(1);
});

test("some moments can pass first, and what was placed can be taken back", async () => {
  const [cluster, leader, bucket] = await started();
  const values: string[] = [];
  const placed = cluster.before("answer", { node: leader, skip: 2 }, () => values.push("now"));
  const cancelled = cluster.before("answer", { node: leader }, () => values.push("never"));
  cancelled.cancel();
  for (const value of ["1", "2", "3"]) {
    await cluster.run(() => bucket.put("a", value));
    values.push(value);
  }
  expect(values).toEqual(["1", "2", "now", "3"]);
  expect([placed.happened, cancelled.happened]).toEqual([true, false]);
});

test("what was recorded can be read and seen", async () => {
  const cluster = await simulatedCluster({ recorded: true });
  const bucket = cluster.connect("ann").bucket();
  const fromMs = cluster.nowMs;
  await cluster.run(() => bucket.put("a", "1"));
  const { trace, chartSvg } = cluster.recording({ fromMs, title: "my test" }) ?? {};
  expect(trace?.join("\n")).toMatch(/ann +asks: put a = 1/);
  expect(trace?.join("\n")).toMatch(/g1 accept slot \d+ at ballot 1 of n\d, .*: put a = 1/);
  expect(chartSvg).toContain("my test");
  expect((await simulatedCluster()).recording()).toBeUndefined();
});

describe("one seed after the other", () => {
  const settings = ["SYNOD_SEED", "SYNOD_SEEDS", "SYNOD_SEED_OUT"];
  afterEach(() => {
    for (const name of settings) delete process.env[name];
  });

  async function seedsRun(): Promise<number[]> {
    const seeds: number[] = [];
    await forEachSeed({ seeds: 2, seedStart: 3, nodes: 1 }, (_, seed) => {
      seeds.push(seed);
      return Promise.resolve();
    });
    return seeds;
  }

  test("those that are asked for", async () => {
    expect(await seedsRun()).toEqual([3, 4]);
    process.env["SYNOD_SEEDS"] = "3";
    expect(await seedsRun()).toEqual([3, 4, 5]);
    process.env["SYNOD_SEED"] = "9";
    expect(await seedsRun()).toEqual([9]);
    process.env["SYNOD_SEED"] = "nine";
    await expect(seedsRun()).rejects.toThrow("SYNOD_SEED is 'nine'");
  });

  test("the first that fails ends it, says how to have it again, and leaves its picture", async () => {
    const out = mkdtempSync(join(tmpdir(), "synod-seed-"));
    process.env["SYNOD_SEED_OUT"] = out;
    const failing = forEachSeed({ nodes: 1 }, (_, seed) => {
      return seed < 3 ? Promise.resolve() : Promise.reject(new Error("seats are sold twice"));
    });
    await expect(failing).rejects.toThrow(/^seed 3: seats are sold twice\n {2}SYNOD_SEED=3 in the/);
    expect(readdirSync(out)).toEqual(["seed-3.svg", "seed-3.txt"]);
    rmSync(out, { recursive: true });
  });
});

test("histories are judged: a product that executes retries again is found out", () => {
  const program = compiledPath("test/simulation/support/users-test.ts");
  const rightly = execFileSync(process.execPath, [program], { encoding: "utf8" });
  expect(rightly).toMatch(/^(seed [456]: 1, true, 1 calls, 1 keys\n){3}$/);

  const cache = fileURLToPath(new URL("../../node_modules/.cache/", import.meta.url));
  const folder = mkdtempSync(join(cache, "synod-users-test-"));
  try {
    cpSync(join(program, "../../../.."), folder, { recursive: true });
    const file = join(folder, "kv/state/sessions.js");
    const right = "if (answer !== undefined)";
    const text = readFileSync(file, "utf8");
    expect(text.split(right)).toHaveLength(2);
    writeFileSync(file, text.replace(right, "if (answer === null)"));
    const wrong = join(folder, "test/simulation/support/users-test.js");
    const said = execFileSync(process.execPath, [wrong], { encoding: "utf8" });
    expect(said).toMatch(/^SeedFailed: seed 4: nothing is executed twice: /m);
    expect(said).toContain("SYNOD_SEED=4 in the environment runs it again, alone.");
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}, 60_000);

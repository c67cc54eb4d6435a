/** Questions about the cluster: asked again until they are answered, by answers that are some. */
import { describe, expect, test } from "vitest";
import { FakeCluster } from "./support/fake-cluster.ts";

const region = { id: 1, version: 3, start: "", end: "users\0m", group: "g1" };
const routing = {
  clusterId: "c",
  version: 3,
  regions: [{ id: 2, version: 1, start: "users\0m", group: "g2" }, region],
  groups: [
    { group: "g1", nodes: ["n1"] },
    { group: "g2", nodes: ["n1", "n2"], leader: "n2" },
  ],
  physicalMs: 5,
};
const nodeStatus = { node: "n1", state: "serving", replicas: [] };

type Question = "status" | "regions" | "node";

/** Answers each asking with the next of these; undefined = not at all. */
function answer(cluster: FakeCluster, node: string, question: Question, answers: unknown[]): void {
  const transport = cluster.transportOf(node);
  transport.subscribe(`synod.admin.get.${question}`, ({ reply }) => {
    const next = answers.shift();
    if (next === undefined || reply === undefined) return;
    const text = typeof next === "string" ? next : JSON.stringify(next);
    transport.publish(reply, Buffer.from(text));
  });
}

describe("regions", () => {
  test("are sorted, and their bounds are written bucket/key", async () => {
    const cluster = new FakeCluster();
    await cluster.runFor(10);
    answer(cluster, "n1", "regions", [routing]);
    expect(await cluster.outcome(cluster.client.regions())).toEqual({
      clusterId: "c",
      version: 3,
      regions: [
        { id: 1, version: 3, start: "", end: "users/m", group: "g1" },
        { id: 2, version: 1, start: "users/m", end: undefined, group: "g2" },
      ],
      groups: [
        { group: "g1", nodes: ["n1"], leader: undefined },
        { group: "g2", nodes: ["n1", "n2"], leader: "n2" },
      ],
    });
  });

  test.each([
    ["no answer", undefined],
    ["nobody there", ""],
    ["no JSON", "{"],
    ["null", "null"],
    ["no regions", { ...routing, regions: 5 }],
    ["a region that is null", { ...routing, regions: [null] }],
    ["a bound without bucket", { ...routing, regions: [{ ...region, start: "m" }] }],
    ["a bound that is a number", { ...routing, regions: [{ ...region, end: 5 }] }],
    ["a group without nodes", { ...routing, groups: [{ group: "g1" }] }],
    ["a leader that is a number", { ...routing, groups: [{ group: "g1", nodes: [], leader: 5 }] }],
  ])("are asked for again after %s", async (_, first) => {
    const cluster = new FakeCluster();
    await cluster.runFor(10);
    const beganMs = cluster.world.nowMs;
    answer(cluster, "n1", "regions", [first, routing]);
    expect(await cluster.outcome(cluster.client.regions())).toMatchObject({ version: 3 });
    expect(cluster.world.nowMs - beganMs).toBeGreaterThanOrEqual(500);
  });

  test("that nobody tells are a timeout, which says why that may be", async () => {
    const cluster = new FakeCluster();
    await cluster.runFor(10);
    const failed = await cluster.failure(cluster.client.regions({ timeoutMs: 700 }));
    expect(failed).toMatchObject({ code: "TIMEOUT", outcome: "not executed", retryable: true });
    expect(failed.message).toContain("meta");
  });

  test("without a connection are NOT_CONNECTED", async () => {
    const cluster = new FakeCluster();
    await cluster.runFor(10);
    cluster.network.unplug(cluster.clientTransport);
    await cluster.runFor(10);
    const failed = await cluster.failure(cluster.client.regions({ timeoutMs: 700 }));
    expect(failed).toMatchObject({ code: "NOT_CONNECTED" });
  });

  test("are not waited for any more when the signal fires", async () => {
    const cluster = new FakeCluster();
    await cluster.runFor(10);
    const controller = new AbortController();
    const asking = cluster.client.regions({ signal: controller.signal });
    controller.abort(new Error("enough"));
    expect(await cluster.failure(asking)).toMatchObject({
      code: "ABORTED",
      cause: { message: "enough" },
    });
  });
});

describe("status", () => {
  test("has what each node last reported", async () => {
    const cluster = new FakeCluster();
    await cluster.runFor(10);
    const nodes = [{ node: "n1", silentMs: 5, status: nodeStatus }, { node: "n2" }];
    answer(cluster, "n1", "status", [
      { routing, nodes: [{}] },
      { routing, nodes },
    ]);
    const status = await cluster.outcome(cluster.client.status());
    expect(status).toMatchObject({ clusterId: "c", nodes });
    expect(status.regions).toHaveLength(2);
  });
});

describe("nodeStatuses", () => {
  test("are those that answer within the window, by name, each once", async () => {
    const cluster = new FakeCluster();
    await cluster.runFor(10);
    answer(cluster, "n2", "node", [
      { ...nodeStatus, node: "n2" },
      { ...nodeStatus, node: "n2" },
    ]);
    answer(cluster, "n1", "node", [nodeStatus]);
    answer(cluster, "n3", "node", [{ node: "n3" }]);
    const statuses = await cluster.outcome(cluster.client.nodeStatuses({ windowMs: 800 }));
    expect(statuses.map(({ node }) => node)).toEqual(["n1", "n2"]);
  });

  test("are none when nobody answers", async () => {
    const cluster = new FakeCluster();
    expect(await cluster.outcome(cluster.client.nodeStatuses({ windowMs: 100 }))).toEqual([]);
  });
});

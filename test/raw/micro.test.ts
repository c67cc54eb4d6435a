/** Nodes are NATS micro services: by the specification's word, and for the stock tool where it is installed. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startCluster, type Cluster } from "../cluster/support/cluster.ts";
import { BareNats } from "../support/bare-nats.ts";
import { hasTool, runTool } from "../support/tools.ts";
import { waitUntil } from "../support/wait-until.ts";

let cluster: Cluster;
let nats: BareNats;
/** Without contexts of whoever runs the tests. */
let home: string;

beforeAll(async () => {
  cluster = await startCluster();
  nats = await BareNats.connect(cluster.broker.url, "micro");
  home = mkdtempSync(join(tmpdir(), "synod-nats-home-"));
});
afterAll(async () => {
  nats.close();
  rmSync(home, { recursive: true });
  await cluster.close();
});

interface Answer {
  readonly type: string;
  readonly name: string;
  readonly id: string;
  readonly version: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly started?: string;
  readonly endpoints?: readonly Readonly<Record<string, unknown>>[];
}

/** One answer of each node that runs. */
async function askAll(subject: string, count = 3): Promise<Answer[]> {
  const answers: Answer[] = [];
  const inbox = `${nats.inbox}x.${Math.random().toString(36).slice(2)}`;
  nats.subscribe(inbox, ({ body }) => answers.push(JSON.parse(body.toString()) as Answer));
  nats.publish(subject, { reply: inbox });
  await waitUntil(`${count} answers to ${subject}`, () => answers.length >= count);
  return answers.sort((a, b) => a.id.localeCompare(b.id));
}

test("every node answers a ping, by name and by id", async () => {
  const all = await askAll("$SRV.PING");
  expect(all.map(({ metadata }) => metadata["node"])).toEqual(["n1", "n2", "n3"]);
  for (const { type, name, version } of all) {
    expect([type, name]).toEqual(["io.nats.micro.v1.ping_response", "synod"]);
    expect(version).toMatch(/^\d+\.\d+\.\d+/);
  }
  expect(await askAll("$SRV.PING.synod")).toEqual(all);
  const [, second] = all;
  expect(await askAll(`$SRV.PING.synod.${second?.id}`, 1)).toEqual([second]);
});

test("a node's information lists every verb with its subject", async () => {
  const [info] = await askAll("$SRV.INFO.synod");
  expect(info?.type).toBe("io.nats.micro.v1.info_response");
  const endpoints = info?.endpoints?.map(({ name, subject, queue_group, metadata }) => {
    expect([queue_group, metadata]).toEqual(["", {}]);
    return `${String(name)} ${String(subject)}`;
  });
  expect(endpoints).toEqual([
    "put synod.kv.*.put.>",
    "get synod.kv.*.get.>",
    "delete synod.kv.*.delete.>",
    "incr synod.kv.*.incr.>",
    "range synod.kv.*.range",
    "txn synod.kv.*.txn",
    "interest synod.kv.*.interest",
    "api synod.api",
  ]);
});

async function sumOf(endpoint: string, field: string): Promise<number> {
  const all = await askAll("$SRV.STATS");
  const own = all.map(({ endpoints }) => endpoints?.find(({ name }) => name === endpoint));
  return own.reduce((sum, statistics) => sum + Number(statistics?.[field]), 0);
}

test("requests and errors are counted where they are executed", async () => {
  const before = { requests: await sumOf("put", "num_requests") };
  await nats.request("synod.kv.default.put.a", { body: "1" });
  await nats.request("synod.kv.default.put.z", { body: "1" });
  const bad = { body: "1", headers: { "Nats-TTL": "?" } };
  await nats.request("synod.kv.default.put.z", bad);
  expect(await sumOf("put", "num_requests")).toBe(before.requests + 3);
  expect(await sumOf("put", "num_errors")).toBe(1);
  expect(await sumOf("put", "processing_time")).toBeGreaterThan(0);
  expect(await sumOf("delete", "average_processing_time")).toBe(0);
  const all = await askAll("$SRV.STATS");
  const lastErrors = all.flatMap(({ endpoints }) => endpoints?.map((one) => one["last_error"]));
  expect(lastErrors.filter((text) => text !== "")).toEqual([
    expect.stringContaining("BAD_REQUEST: Nats-TTL") as string,
  ]);
  for (const { type, started } of all) {
    expect(type).toBe("io.nats.micro.v1.stats_response");
    expect(Date.now() - Date.parse(started ?? "")).toBeLessThan(600_000);
  }
});

test("no question is answered elsewhere than in an inbox", async () => {
  let heard = 0;
  nats.subscribe("synod.kv.default.watch.x", () => (heard += 1));
  nats.publish("$SRV.PING", { reply: "synod.kv.default.watch.x" });
  await askAll("$SRV.PING");
  expect(heard).toBe(0);
});

const stockTool = hasTool("nats", "--version");

test.runIf(stockTool)("the stock tool lists the nodes and what they were asked", async () => {
  const env = { NATS_URL: cluster.broker.url, HOME: home, XDG_CONFIG_HOME: home };
  const run = async (...args: readonly string[]): Promise<string> => {
    const { status, output } = await runTool("nats", args, { env });
    expect(output).not.toContain("nats: error");
    expect(status).toBe(0);
    return output;
  };
  const ids = (await askAll("$SRV.PING")).map(({ id }) => id);
  const list = await run("micro", "ls");
  for (const id of ids) expect(list).toContain(id);
  const info = await run("micro", "info", "synod", ids[0] ?? "");
  expect(info).toContain("synod.kv.*.put.>");
  const statistics = await run("micro", "stats", "synod");
  expect(statistics).toContain("put");
  expect(await run("req", "synod.kv.default.put.tool", "by the tool")).toContain('{"revision":');
  expect(await run("req", "--raw", "synod.kv.default.get.tool", "")).toContain("by the tool");
  const failed = await runTool("nats", ["req", "synod.kv.default.get.nowhere", ""], { env });
  expect(failed.output).toContain("KEY_NOT_FOUND");
});

import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { accessOf } from "../../cli/start-node.ts";
import { defaultTopology } from "../../infra/topology/default-topology.ts";
import { renderTopology } from "../../infra/topology/render-topology.ts";
import { waitUntil } from "../support/wait-until.ts";
import { runSynod, SynodProcess } from "./support/synod.ts";

let directory: string;

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "synod-start-"));
  // Nobody listens on port 1: a node waits for its server for as long as it takes.
  const topology = renderTopology(defaultTopology(3, "mine", ["nats://127.0.0.1:1"]));
  writeFileSync(join(directory, "topology.yaml"), topology);
});
afterAll(() => rmSync(directory, { recursive: true }));

function startNode(...args: readonly string[]): SynodProcess {
  return new SynodProcess(["start", ...args], { directory });
}

/** Its store is open: the lock is taken, and what it says goes to its log. */
async function startedNode(node: string): Promise<SynodProcess> {
  const running = startNode("--node", node);
  await waitUntil(`${node} looks for its server`, () => running.stdout.includes("not connected"));
  return running;
}

test("a node keeps its data beside the cluster's other data, and ends when asked", async () => {
  const node = await startedNode("n1");
  expect(existsSync(join(directory, ".synod", "mine", "n1", "identity.json"))).toBe(true);
  node.signal("SIGTERM");
  const { code, stdout } = await node.ended;
  expect(code).toBe(0);
  const last = stdout.trim().split("\n").at(-1) ?? "";
  expect(JSON.parse(last)).toMatchObject({ cluster: "mine", node: "n1", msg: "stopped" });
});

test("a directory that another process uses is refused", async () => {
  const first = await startedNode("n2");
  const { code, stderr } = await startNode("--node", "n2").ended;
  first.signal("SIGTERM");
  expect(code).toBe(1);
  expect(stderr).toMatch(/^error: process \d+ already uses .*n2 \(STORE_LOCKED\)\n {2}next: /);
  expect((await first.ended).code).toBe(0);
});

test("what cannot be started ends, and says why", async () => {
  const stranger = await startNode("--node", "n9").ended;
  expect(stranger.code).toBe(2);
  expect(stranger.stderr).toContain("names no node n9; it names n1, n2, n3");
  const unlimited = await startNode("--node", "n3", "--limit", "height=3").ended;
  expect(unlimited.code).toBe(2);
  // Found out only after the store was opened.
  const unknown = await startNode("--node", "n3", "--creds", "nowhere").ended;
  expect(unknown.code).toBe(1);
  expect(unknown.stderr).toContain("nowhere");
});

test("all that is wrong with a topology is told, with line and fix", async () => {
  const file = join(directory, "wrong.yaml");
  const text = renderTopology(defaultTopology(3, "mine"))
    .replace("n2, n3, n1", "n2, n3, n8")
    .replace("group: g2", "group: g7");
  writeFileSync(file, text);
  const { code, stderr } = await runSynod(["start", "--node", "n1", "-f", file], { directory });
  expect(code).toBe(2);
  expect(stderr).toContain("error: the topology has 2 problems (TOPOLOGY_INVALID)\n");
  expect(stderr).toMatch(/^ {2}wrong.yaml:\d+:\d+ .*"n8".*\n {6}fix: /m);
  expect(stderr).toMatch(/^ {2}wrong.yaml:\d+:\d+ .*"g7".*\n {6}fix: /m);
});

test("the first that names servers or a login is heard", () => {
  const declared = ["nats://topology:1"];
  const options = { node: "n1", file: "topology.yaml" };
  const environment = {
    NATS_URL: "nats://a:1, nats://b:1",
    NATS_CREDS: "/nats.creds",
    SYNOD_NATS_PASSWORD_N1: "secret",
  };
  expect(accessOf(options, declared, {})).toEqual({ servers: declared });
  expect(accessOf(options, declared, environment)).toEqual({
    servers: ["nats://a:1", "nats://b:1"],
    user: "n1",
    password: "secret",
  });
  const flags = { ...options, servers: ["nats://flag:1"], creds: "/flag.creds" };
  expect(accessOf(flags, declared, environment)).toEqual({
    servers: ["nats://flag:1"],
    credentialsFile: "/flag.creds",
  });
  expect(accessOf(options, declared, { NATS_CREDS: "/nats.creds" })).toEqual({
    servers: declared,
    credentialsFile: "/nats.creds",
  });
});

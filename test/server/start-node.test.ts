/** Nodes started from a program, in its own process. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { connect } from "../../client/index.ts";
import { renderTopology } from "../../infra/topology/render-topology.ts";
import { defaultTopology, startNode, type Topology } from "../../server/index.ts";
import { brokerPasswords, passwordOf } from "../support/broker-passwords.ts";
import { startNatsServer, type NatsServer } from "../support/nats-server.ts";

const folder = mkdtempSync(join(tmpdir(), "synod-server-"));
const patience = { timeoutMs: 15_000 };
let broker: NatsServer;
let topology: Topology;

beforeAll(async () => {
  broker = await startNatsServer({ config: "nats.conf", env: brokerPasswords });
  topology = defaultTopology(1, "embedded", [broker.url]);
});
afterAll(async () => {
  await broker.kill();
  rmSync(folder, { recursive: true });
});

function settingsOf(node: string): { node: string; password: string; dataDirectory: string } {
  return { node, password: passwordOf(node), dataDirectory: join(folder, node) };
}

test("a node serves, stops in good order, and goes on with its data", async () => {
  const file = join(folder, "topology.yaml");
  writeFileSync(file, renderTopology(topology));
  const said: string[] = [];
  const settings = { ...settingsOf("n1"), log: (what: string) => void said.push(what) };
  const first = await startNode({ ...settings, topology: file });
  await using synod = await connect({ servers: broker.url, connectTimeoutMs: 15_000 });
  await synod.bucket().put("kept", "over a restart", patience);
  await first.stop();
  await first.ended;
  expect(said).not.toEqual([]);

  await using second = await startNode({ ...settings, topology });
  expect((await synod.bucket().get("kept", patience))?.string()).toBe("over a restart");
  await expect(startNode({ ...settings, topology })).rejects.toMatchObject({
    code: "STORE_LOCKED",
  });
  await second.stop();
});

test("what makes starting pointless is thrown", async () => {
  const unknown = startNode({ ...settingsOf("n9"), topology });
  await expect(unknown).rejects.toMatchObject({
    code: "BAD_REQUEST",
    message: "the topology names no node n9; it names n1",
  });
  const noFile = startNode({ ...settingsOf("n1"), topology: join(folder, "none.yaml") });
  await expect(noFile).rejects.toMatchObject({ code: "TOPOLOGY_INVALID" });
});

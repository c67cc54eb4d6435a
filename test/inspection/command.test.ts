/** `synod inspect` as a process. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { WebSocket } from "ws";
import { NatsTransport } from "../../infra/transport/nats-transport.ts";
import { runSynod, SynodProcess } from "../cli/support/synod.ts";
import { startCluster, type Cluster } from "../cluster/support/cluster.ts";
import { brokerPasswords, passwordOf } from "../support/broker-passwords.ts";
import { startNatsServer } from "../support/nats-server.ts";
import { waitUntil } from "../support/wait-until.ts";

let cluster: Cluster;
let directory: string;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), "synod-inspect-"));
  cluster = await startCluster();
});
afterAll(async () => {
  await cluster.close();
  rmSync(directory, { recursive: true, force: true });
});

function serversOf(urls: readonly string[]): string[] {
  return ["--servers", urls.join(",")];
}

async function freePort(): Promise<string> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return String(port);
}

test("it says where to look, shows the cluster there, and ends with whom it serves", async () => {
  const port = await freePort();
  const args = ["inspect", "--port", port, ...serversOf(cluster.topology.servers)];
  const inspect = new SynodProcess(args, { directory });
  const saidAll = (): boolean => inspect.stdout !== "" && inspect.stderr !== "";
  await waitUntil("it serves", saidAll, 20_000);
  expect(inspect.stdout).toBe(`Look at http://127.0.0.1:${port}\n`);
  expect(inspect.stderr).toContain(`http://127.0.0.1:${port}/stately (needs the internet)`);
  const socket = new WebSocket(`ws://127.0.0.1:${port}/live`);
  const said: string[] = [];
  socket.on("message", (bytes: Buffer) => said.push(bytes.toString()));
  await waitUntil("all nodes are seen", () =>
    ["n1/node", "n2/node", "n3/node"].every((id) => said.some((text) => text.includes(id))),
  );
  const again = await runSynod(args, { directory });
  expect(again.code).toBe(1);
  expect(again.stderr).toContain(`port ${port} on 127.0.0.1 is taken (PORT_IN_USE)`);
  inspect.signal("SIGINT");
  expect(await inspect.ended).toMatchObject({ code: 0 });
  await waitUntil("the viewer is told", () => socket.readyState === WebSocket.CLOSED);
});

test("a server without nodes behind it is said to be one, with what to do", async () => {
  const server = await startNatsServer();
  const { code, stderr } = await runSynod(["inspect", ...serversOf([server.url])], { directory });
  expect(code).toBe(1);
  expect(stderr).toContain(`no node behind ${server.url} shows its actors, under the prefix synod`);
  expect(stderr).toContain("synod.admin.get.>");
  await server.kill();
});

test("a user that may not listen to what nodes tell is said to be one", async () => {
  const config = join(directory, "closed.conf");
  const shipped = readFileSync(new URL("../../nats.conf", import.meta.url), "utf8");
  writeFileSync(config, shipped.replace('  "synod.events.>"\n', ""));
  const server = await startNatsServer({ config, env: brokerPasswords });
  const node = new NatsTransport({
    servers: [server.url],
    name: "n1",
    user: "n1",
    password: passwordOf("n1"),
    onProblem: () => undefined,
  });
  const actor = { id: "n1/node", machine: "node", state: "serving", status: "active" };
  const actors = [{ ...actor, contextSummary: {} }];
  const answer = { node: "n1", start: 1, sequence: 0, part: 1, parts: 1, actors, machines: {} };
  node.subscribe("synod.admin.get.inspect", ({ reply = "" }) => {
    node.publish(reply, Buffer.from(JSON.stringify(answer)));
    node.publish("synod.events.n1.-.pulse", Buffer.from('{"node":"n1","start":1,"sequence":0}'));
  });
  await waitUntil("the node is connected", () => node.connected);
  const { code, stderr } = await runSynod(["inspect", ...serversOf([server.url])], { directory });
  expect(code).toBe(1);
  expect(stderr).toContain("nothing is heard of what these do");
  expect(stderr).toContain("synod.events.>");
  await node.close();
  await server.kill();
});

test("without a server it says so", async () => {
  const nowhere = `nats://127.0.0.1:${await freePort()}`;
  const { code, stderr } = await runSynod(["inspect", ...serversOf([nowhere])], { directory });
  expect(code).toBe(1);
  expect(stderr).toContain("NOT_CONNECTED");
});

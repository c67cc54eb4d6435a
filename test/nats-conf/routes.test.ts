/** The shipped nats-cluster.conf: who may join the servers, and that their users stay as restricted as on one server. */
import { connect } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import { NatsTransport } from "../../infra/transport/nats-transport.ts";
import { passwordOf } from "../support/broker-passwords.ts";
import type { NatsServer } from "../support/nats-server.ts";
import { routesPassword, startRoutedServers } from "../support/routed-servers.ts";
import { waitUntil } from "../support/wait-until.ts";

let servers: readonly NatsServer[];
let routePorts: readonly number[];
const transports: NatsTransport[] = [];

beforeAll(async () => {
  ({ servers, routePorts } = await startRoutedServers());
});
afterAll(async () => {
  await Promise.all(transports.map((transport) => transport.close()));
  await Promise.all(servers.map((server) => server.kill()));
});

/** What the server answers to somebody who presents himself as another server. */
function joinAs(password: string): Promise<string> {
  const hello = { verbose: false, user: "routes", pass: password, name: "x", cluster: "synod" };
  return new Promise((resolve, reject) => {
    let said = "";
    const socket = connect(routePorts[0] ?? 0, "127.0.0.1");
    socket.setEncoding("utf8");
    socket.on("error", reject);
    socket.on("close", () => resolve(said));
    socket.on("data", (text: string) => {
      said += text;
      if (/-ERR|PONG/.test(said)) socket.end();
    });
    socket.write(`CONNECT ${JSON.stringify(hello)}\r\nPING\r\n`);
  });
}

async function arrive(server: number, user?: string): Promise<[NatsTransport, string[]]> {
  const refused: string[] = [];
  const transport = new NatsTransport({
    servers: [servers[server]?.url ?? ""],
    name: user ?? "nobody",
    ...(user === undefined ? {} : { user, password: passwordOf(user) }),
    onProblem: (problem) => {
      if (problem.kind === "permission refused") refused.push(problem.subject);
    },
  });
  transports.push(transport);
  await waitUntil("it connects", () => transport.connected);
  return [transport, refused];
}

test("a server that does not know the password of the routes is refused", async () => {
  expect(await joinAs("guessed")).toContain("-ERR 'Authorization Violation'");
  expect(await joinAs(routesPassword)).not.toContain("-ERR");
});

test("a message crosses from server to server, and a forged one does not", async () => {
  const [receiver] = await arrive(0, "n1");
  const [honest] = await arrive(1, "n2");
  const [forger, refused] = await arrive(2, "n3");
  const heard: string[] = [];
  receiver.subscribe("synod.p.n-n1.*", ({ subject, payload }) => {
    heard.push(`${subject} by n${payload[0]}`);
  });
  await waitUntil("both are heard under their own names", () => {
    forger.publish("synod.p.n-n1.n2", Uint8Array.of(3));
    forger.publish("synod.p.n-n1.n3", Uint8Array.of(3));
    honest.publish("synod.p.n-n1.n2", Uint8Array.of(2));
    return new Set(heard).size >= 2;
  });
  expect(new Set(heard)).toEqual(new Set(["synod.p.n-n1.n2 by n2", "synod.p.n-n1.n3 by n3"]));
  expect(new Set(refused)).toEqual(new Set(["synod.p.n-n1.n2"]));
});

/** What only the transport over WebSocket has, with the shipped configuration for it. */
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { WebSocket } from "ws";
import { systemClock } from "../../infra/clock/system-clock.ts";
import { systemRandomness } from "../../infra/randomness/system-randomness.ts";
import type { TransportProblem } from "../../infra/transport/transport.ts";
import {
  WebSocketTransport,
  type WebSocketTransportOptions,
} from "../../infra/transport/websocket-transport.ts";
import { freePort } from "../broker/real-broker.ts";
import { brokerPasswords, passwordOf } from "../support/broker-passwords.ts";
import { startNatsServer, type NatsServer } from "../support/nats-server.ts";
import { untilTrue } from "./transport-harness.ts";

let server: NatsServer;
let port: number;
const transports: WebSocketTransport[] = [];

beforeAll(async () => {
  (globalThis as { WebSocket?: unknown }).WebSocket ??= WebSocket;
  port = await freePort();
  server = await startNatsServer({
    config: "nats-websocket.conf",
    env: { ...brokerPasswords, SYNOD_NATS_WEBSOCKET_LISTEN: `127.0.0.1:${port}` },
  });
});
afterEach(async () => {
  for (const transport of transports.splice(0)) await transport.close();
});
afterAll(() => server.kill());

function open(options: Partial<WebSocketTransportOptions> = {}): WebSocketTransport {
  const transport = new WebSocketTransport({
    servers: [`ws://127.0.0.1:${port}`],
    name: "test",
    clock: systemClock,
    randomness: systemRandomness,
    reconnectDelayMs: 1,
    onProblem: () => undefined,
    ...options,
  });
  transports.push(transport);
  return transport;
}

test("whoever says no name is a client, and what a client may not say or hear is reported", async () => {
  const problems: TransportProblem[] = [];
  const transport = open({ onProblem: (problem) => problems.push(problem) });
  await untilTrue("it connects", () => transport.connected);
  transport.publish("synod.p.n-n1.n2", new Uint8Array(1));
  transport.subscribe("synod.p.n-n1.*", () => undefined);
  await untilTrue("both are reported", () => problems.length >= 2);
  const refused = problems.map((problem) =>
    problem.kind === "permission refused"
      ? `${problem.operation} ${problem.subject}`
      : problem.kind,
  );
  expect(refused.sort()).toEqual(["publish synod.p.n-n1.n2", "subscribe synod.p.n-n1.*"]);
});

test("user and password are taken from the options or from the address", async () => {
  const [user, password] = ["n1", passwordOf("n1")];
  const named = open({ user, password });
  const addressed = open({ servers: [`ws://${user}:${password}@127.0.0.1:${port}`] });
  const problems: string[] = [];
  const wrong = open({
    user,
    password: "wrong",
    onProblem: (problem) =>
      problems.push(problem.kind === "not connected" ? String(problem.cause) : ""),
  });
  await untilTrue("two are connected", () => named.connected && addressed.connected);
  await untilTrue("the third was refused twice", () => problems.length >= 2);
  expect(problems[0]).toMatch(/authorization/i);
  expect(wrong.connected).toBe(false);
});

test("a frozen server is noticed, asked again and again, and used when it thaws", async () => {
  const problems: TransportProblem[] = [];
  const transport = open({
    pingIntervalMs: 20,
    connectTimeoutMs: 50,
    onProblem: (problem) => problems.push(problem),
  });
  await untilTrue("it connects", () => transport.connected);
  server.pause();
  try {
    await untilTrue("the freeze is noticed", () => !transport.connected);
    await untilTrue("ten attempts have failed", () => problems.length > 10);
    // The frozen connection's, and that of the attempt under way.
    expect(openSockets()).toBeLessThanOrEqual(2);
  } finally {
    server.resume();
  }
  await untilTrue("it is back", () => transport.connected);
  expect(transport.connection).toBeGreaterThan(1);
});

function openSockets(): number {
  return process.getActiveResourcesInfo().filter((name) => name.startsWith("TCP")).length;
}

test("an address that is none of WebSocket's is refused without repeating its password", () => {
  for (const address of ["nats://u:secret@a:1", "ws://", "http://u:secret@a", "a:1"]) {
    expect(() => open({ servers: [address] })).toThrow("ws://host:port");
    expect(() => open({ servers: [address] })).not.toThrow("secret");
  }
});

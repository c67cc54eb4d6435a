/** From an address to a client, with a real NATS server: what `connect` waits for, and what it says when it waits in vain. */
import { once } from "node:events";
import { createServer } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { encodeRoute } from "../../infra/codec/route-codec.ts";
import { NatsTransport } from "../../infra/transport/nats-transport.ts";
import { connect, SynodError } from "../../client/index.ts";
import { startNatsServer, type NatsServer } from "../support/nats-server.ts";
import { waitUntil } from "../support/wait-until.ts";

let server: NatsServer;
let node: NatsTransport;

const route = encodeRoute({
  clusterId: "connect",
  version: 1,
  regions: [{ id: 1, version: 1, start: "", end: undefined, group: "g1" }],
  groups: [{ group: "g1", nodes: ["n1"], leader: "n1" }],
  stamp: 1,
});

beforeAll(async () => {
  server = await startNatsServer({ args: ["--user", "someone", "--pass", "secret"] });
  node = new NatsTransport({
    servers: [server.url],
    user: "someone",
    password: "secret",
    name: "a node",
    onProblem: () => {},
  });
  node.subscribe("here.api", ({ reply }) => {
    if (reply !== undefined) node.publish(reply, route);
  });
  await waitUntil("the node is connected", () => node.connected);
});

afterAll(async () => {
  await node.close();
  await server.kill();
});

/** What `connect` fails with. */
async function failure(options: Parameters<typeof connect>[0]): Promise<SynodError> {
  try {
    const client = await connect({ connectTimeoutMs: 3_000, ...options });
    await client.close();
  } catch (thrown) {
    if (thrown instanceof SynodError) return thrown;
    throw thrown;
  }
  throw new Error("it connected");
}

const access = { user: "someone", password: "secret", prefix: "here" };

describe("connect", () => {
  test("resolves with a client that knows its way", async () => {
    const client = await connect({
      servers: server.url,
      ...access,
      name: "mine",
      connectTimeoutMs: 10_000,
    });
    expect(client.core.routes?.clusterId).toBe("connect");
    await client.close();
    const withPassword = server.url.replace("//", "//someone:secret@");
    const other = await connect({
      servers: [withPassword],
      prefix: "here",
      connectTimeoutMs: 10_000,
    });
    await other.close();
  });

  test("fails when no NATS server answers", async () => {
    const taken = createServer().listen(0, "127.0.0.1");
    await once(taken, "listening");
    const address = taken.address();
    const port = typeof address === "object" ? address?.port : 0;
    taken.close();
    const refused = await failure({ servers: `127.0.0.1:${port}`, connectTimeoutMs: 300 });
    expect(refused).toMatchObject({
      code: "NOT_CONNECTED",
      outcome: "not executed",
      retryable: true,
    });
    expect(refused.cause).toBeInstanceOf(Error);
  });

  test("fails when a server takes the connection and says nothing", async () => {
    const silent = createServer().listen(0, "127.0.0.1");
    await once(silent, "listening");
    const address = silent.address();
    const port = typeof address === "object" ? address?.port : 0;
    expect(await failure({ servers: `127.0.0.1:${port}`, connectTimeoutMs: 300 })).toMatchObject({
      code: "NOT_CONNECTED",
    });
    silent.close();
  });

  test("fails when the server does not let it in, and says why", async () => {
    const refused = await failure({ servers: server.url, ...access, password: "wrong" });
    expect(refused.code).toBe("NOT_CONNECTED");
    expect(refused.message).toMatch(/authorization/i);
    expect(refused.nextStep).toMatch(/password/);
    expect(refused.message).not.toContain("wrong");
  });

  test("fails when no node answers", async () => {
    const silent = await failure({ servers: server.url, ...access, prefix: "elsewhere" });
    expect(silent).toMatchObject({ code: "UNAVAILABLE", retryable: true });
    expect(silent.message).toContain("elsewhere.api");
  });

  test.each([
    ["an address that is none", { servers: "http://127.0.0.1" }],
    ["credentials that are not there", { credentialsFile: "/nowhere/client.creds" }],
    ["no address at all", { servers: [] }],
    ["an unknown limit", { limits: { pending: 5 } as never }],
    ["a limit of 0", { limits: { pendingCallsMax: 0 } }],
    ["limits that are none", { limits: null as never }],
    ["an unknown option", { pass: "secret" } as never],
    ["a user that is no text", { user: 5 as never }],
    ["a name that is no text", { name: 5 as never }],
    ["an address that is no text", { servers: [5] as never }],
    ["a prefix with a dot", { prefix: "a.b" }],
    ["a timeout of 0", { timeoutMs: 0 }],
    ["a connect timeout that is none", { connectTimeoutMs: -1 }],
  ])("refuses %s at once", async (_, options) => {
    expect(await failure({ servers: server.url, ...options })).toMatchObject({
      code: "BAD_REQUEST",
    });
  });
});

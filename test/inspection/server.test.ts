/** What the server of `synod inspect` gives to whom: this machine's browsers and programs, and nobody else. */
import { request, type IncomingMessage, type OutgoingHttpHeaders } from "node:http";
import { once } from "node:events";
import { connect, createServer } from "node:net";
import { networkInterfaces } from "node:os";
import { afterAll, beforeAll, expect, test } from "vitest";
import { WebSocket } from "ws";
import { ClusterInspection } from "../../cli/inspect/cluster-inspection.ts";
import { InspectServer } from "../../cli/inspect/inspect-server.ts";
import { pages } from "../../cli/inspect/pages.ts";
import { acceptorMachine } from "../../machines/acceptor/acceptor.ts";
import type { Transport } from "../../infra/transport/transport.ts";
import { ManualClock } from "../state-store/manual-clock.ts";
import { compiledPath } from "../support/compiled.ts";

let server: InspectServer;

const silent: Partial<Transport> = {
  connected: false,
  inboxPrefix: "_INBOX.viewer",
  onConnectionChange: () => undefined,
  publish: () => undefined,
  subscribe: () => ({ close: () => undefined }),
};

beforeAll(async () => {
  const inspection = new ClusterInspection({
    transport: silent as Transport,
    clock: new ManualClock(),
    prefix: "synod",
  });
  server = await InspectServer.listen({ inspection, routes: pages(compiledPath("web")), port: 0 });
});
afterAll(() => server.close());

interface Answer {
  readonly status: number | undefined;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}

async function get(
  path: string,
  headers: OutgoingHttpHeaders = {},
  method = "GET",
): Promise<Answer> {
  const asked = request({ host: "127.0.0.1", port: server.port, path, headers, method });
  asked.end();
  const [response] = (await once(asked, "response")) as [IncomingMessage];
  let body = "";
  for await (const chunk of response) body += String(chunk);
  return { status: response.statusCode, headers: response.headers, body };
}

/** The first message, or the status with which the socket was refused. */
function open(path: string, headers: Record<string, string> = {}): Promise<string | number> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(`ws://127.0.0.1:${server.port}${path}`, { headers });
    socket.on("message", (bytes: Buffer) => {
      resolve(bytes.toString());
      socket.close();
    });
    socket.on("unexpected-response", (_, response) => resolve(response.statusCode ?? 0));
    socket.on("error", reject);
  });
}

test("the pages need nothing from elsewhere, and no other page may show or read them", async () => {
  for (const path of ["/", "/machines.json", "/stately", "/stately.js"]) {
    const { status, headers, body } = await get(path);
    expect(status).toBe(200);
    expect(body).not.toBe("");
    expect(headers["content-security-policy"]).toContain("default-src 'self'");
    expect(headers["content-security-policy"]).toContain("frame-ancestors 'none'");
    expect(headers["cross-origin-resource-policy"]).toBe("same-origin");
    expect(headers["x-content-type-options"]).toBe("nosniff");
    expect((await get(path, {}, "HEAD")).body).toBe("");
  }
  expect((await get("/")).headers["content-security-policy"]).toContain("frame-src 'none'");
  expect((await get("/stately")).headers["content-security-policy"]).toContain(
    "frame-src https://stately.ai https://*.stately.ai;",
  );
});

test("/machines.json has every chart as it is written", async () => {
  const { headers, body } = await get("/machines.json?now");
  expect(headers["content-type"]).toBe("application/json");
  const { machines } = JSON.parse(body) as { machines: Record<string, { config: object }> };
  expect(Object.keys(machines).toSorted()).toEqual([
    "acceptor",
    "birth",
    "checkpointer",
    "learner",
    "node",
    "proposer",
    "region-manager",
  ]);
  const { context: _, ...config } = acceptorMachine.config;
  expect(machines["acceptor"]?.config).toEqual(config);
});

test("what is not there and what is not asked for reading is refused", async () => {
  expect((await get("/etc/passwd")).status).toBe(404);
  expect((await get("/..%2f..%2fpackage.json")).status).toBe(404);
  expect((await get("/", {}, "POST")).status).toBe(405);
  expect(await open("/other")).toBe(404);
});

test("a name that somebody pointed at this machine is refused", async () => {
  for (const host of ["evil.example", `evil.example:${server.port}`, "localhost", "localhost:1"]) {
    expect(await get("/machines.json", { host })).toMatchObject({ status: 403 });
    expect(await open("/live", { host })).toBe(403);
  }
  for (const name of ["localhost", "127.0.0.1", "[::1]", "LOCALHOST"]) {
    expect(await get("/", { host: `${name}:${server.port}` })).toMatchObject({ status: 200 });
  }
});

test("a page from elsewhere cannot open a socket; a program and a page from here can", async () => {
  const { port } = server;
  const foreign = ["https://evil.example", "null", `http://evil.example:${port}`];
  for (const origin of [...foreign, "http://localhost:1", `https://localhost:${port}`]) {
    expect(await open("/live", { origin })).toBe(403);
    expect(await open("/inspect", { origin })).toBe(403);
    expect(await get("/machines.json", { origin })).toMatchObject({ status: 403 });
  }
  const snapshot = JSON.stringify({ type: "snapshot", nodes: [] });
  expect(await open("/live")).toBe(snapshot);
  expect(await open("/live", { origin: `http://localhost:${port}` })).toBe(snapshot);
  expect(await open("/live", { origin: `http://127.0.0.1:${port}` })).toBe(snapshot);
});

test("it listens on loopback only", async () => {
  const outside = Object.values(networkInterfaces())
    .flat()
    .find((found) => found?.family === "IPv4" && !found.internal);
  if (outside === undefined) return;
  const probe = request({ host: outside.address, port: server.port, path: "/" });
  probe.end();
  const [failure] = (await once(probe, "error")) as [NodeJS.ErrnoException];
  expect(failure.code).toBe("ECONNREFUSED");
});

test("a taken port is said to be taken, with what to do", async () => {
  const taken = createServer().listen(0, "127.0.0.1");
  await once(taken, "listening");
  const { port } = taken.address() as { readonly port: number };
  const inspection = new ClusterInspection({
    transport: silent as Transport,
    clock: new ManualClock(),
    prefix: "synod",
  });
  await expect(InspectServer.listen({ inspection, routes: [], port })).rejects.toMatchObject({
    code: "PORT_IN_USE",
    nextStep: "Choose another port with --port.",
  });
  taken.close();
});

test("requests that are none, and sockets that go away at any time, stop nothing", async () => {
  const failures: unknown[] = [];
  const note = (failure: unknown) => void failures.push(failure);
  process.on("uncaughtException", note);
  try {
    const upgrade = (path: string) =>
      `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${server.port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n`;
    const key = "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n";
    const texts = [
      "\0\xff\r\n\r\n",
      "GET / HTTP/1.1\r\n\r\n",
      `GET ${"/x".repeat(20_000)} HTTP/1.1\r\n\r\n`,
      "GET http://%zz/ HTTP/1.1\r\nHost: localhost\r\n\r\n",
      "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 999999999999\r\n\r\nx",
      `${upgrade("/live")}\r\n`,
      `${upgrade("/nowhere")}${key}`,
      `${upgrade("/live")}${key}\x8f\xff\xff\xff\xff\xff\xff\xff\xff\xff`,
      `${upgrade("/inspect")}${key}${"\x81\xfe\xff\xff".repeat(500)}`,
    ];
    for (const text of texts) {
      for (const resets of [false, true]) {
        const socket = connect(server.port, "127.0.0.1");
        socket.on("error", () => undefined);
        await once(socket, "connect");
        socket.write(text, "latin1");
        if (resets) await new Promise((resolve) => setImmediate(resolve));
        if (resets) socket.resetAndDestroy();
        else socket.end();
        // The server closes what it does not understand.
        if (!resets) socket.resume();
        if (!socket.closed) await once(socket, "close");
      }
    }
    expect((await get("/")).status).toBe(200);
    expect(await open("/live")).toContain("snapshot");
    expect(failures).toEqual([]);
  } finally {
    process.off("uncaughtException", note);
  }
});

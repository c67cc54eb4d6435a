/** What only a real server can show: crashes under load, freezes, passwords, and bytes that no client of ours would send. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { once } from "node:events";
import { connect as connectSocket, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { nkeys } from "nats";
import { afterEach, describe, expect, test } from "vitest";
import { systemClock } from "../../infra/clock/system-clock.ts";
import { SynodError } from "../../infra/errors/synod-error.ts";
import { accessOptions } from "../../infra/transport/nats-access.ts";
import { NatsTransport, type NatsTransportOptions } from "../../infra/transport/nats-transport.ts";
import { isInboxSubject } from "../../infra/transport/subject.ts";
import type { TransportProblem } from "../../infra/transport/transport.ts";
import {
  startNatsServer,
  type NatsServer,
  type NatsServerOptions,
} from "../support/nats-server.ts";
import { untilTrue } from "./transport-harness.ts";

const cleanups: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function server(options?: NatsServerOptions): Promise<NatsServer> {
  const started = await startNatsServer(options);
  cleanups.push(() => started.kill());
  return started;
}

function open(options: Partial<NatsTransportOptions>): NatsTransport {
  const transport = new NatsTransport({
    servers: [],
    name: "test",
    reconnectDelayMs: 5,
    onProblem: () => {},
    ...options,
  });
  cleanups.push(() => transport.close());
  return transport;
}

async function connected(options: Partial<NatsTransportOptions>): Promise<NatsTransport> {
  const transport = open(options);
  await untilTrue("it connects", () => transport.connected);
  return transport;
}

function flushed(transport: NatsTransport): Promise<void> {
  return new Promise((resolve) => transport.flush(() => resolve()));
}

/** A client that speaks the protocol by hand, without our checks. */
async function rawClient(to: NatsServer): Promise<Socket> {
  const socket = connectSocket(to.port, "127.0.0.1");
  await once(socket, "data");
  socket.write('CONNECT {"verbose":false,"headers":true}\r\n');
  cleanups.push(() => {
    socket.destroy();
    return Promise.resolve();
  });
  return socket;
}

/** A server under the test's control, which says who it is and hands on what clients write, line by line. */
async function fakeServer(onLine: (socket: Socket, line: string) => void): Promise<number> {
  const sockets: Socket[] = [];
  const listener = createServer((socket) => {
    sockets.push(socket);
    socket.on("error", () => {});
    socket.write('INFO {"version":"2.9.10","proto":1,"max_payload":1048576,"headers":true}\r\n');
    socket.setEncoding("latin1").on("data", (chunk) => {
      for (const line of String(chunk).split("\r\n")) onLine(socket, line);
    });
  });
  listener.listen(0, "127.0.0.1");
  await once(listener, "listening");
  cleanups.push(() => {
    for (const socket of sockets) socket.destroy();
    return new Promise((resolve) => listener.close(() => resolve()));
  });
  const address = listener.address();
  return typeof address === "object" ? (address?.port ?? 0) : 0;
}

test("through crashes of the server under load, nothing of an older connection arrives on a newer one", async () => {
  let nats = await server();
  const sender = await connected({ servers: [nats.url] });
  const receiver = await connected({ servers: [nats.url] });
  const arrivals: { from: number; to: number; wasConnected: boolean }[] = [];
  receiver.subscribe("load", ({ payload }) => {
    arrivals.push({
      from: payload[0] ?? 0,
      to: receiver.connection,
      wasConnected: payload[1] === 1,
    });
  });
  let publishing = true;
  const publish = (): void => {
    for (let burst = 0; burst < 20; burst += 1) {
      sender.publish("load", Uint8Array.of(sender.connection, sender.connected ? 1 : 0));
    }
    if (publishing) setImmediate(publish);
  };
  publish();
  for (let crash = 1; crash <= 5; crash += 1) {
    nats = await nats.restart();
    cleanups.push(() => nats.kill());
    const countAtRestart = arrivals.length;
    await untilTrue("messages flow again", () => arrivals.length > countAtRestart + 100);
  }
  publishing = false;
  expect(sender.connection).toBeGreaterThanOrEqual(6);
  expect(sender.counters.droppedWhileDisconnected).toBeGreaterThan(0);
  expect(arrivals.every((arrival) => arrival.wasConnected)).toBe(true);
  const inOrder = arrivals.every((arrival, index) => {
    const previous = arrivals[index - 1] ?? arrival;
    return arrival.from >= previous.from && arrival.to >= previous.to;
  });
  expect(inOrder).toBe(true);
});

test("a frozen server is noticed although the socket is stuck, and used again when it thaws", async () => {
  const nats = await server();
  const problems: TransportProblem[] = [];
  const transport = await connected({
    servers: [nats.url],
    pingIntervalMs: 20,
    connectTimeoutMs: 50,
    onProblem: (problem) => problems.push(problem),
  });
  nats.pause();
  try {
    for (let count = 0; count < 40; count += 1) {
      transport.publish("flood", new Uint8Array(512 * 1024));
    }
    await untilTrue("the freeze is noticed", () => !transport.connected);
    await untilTrue("an attempt to connect has failed", () => problems.length > 1);
  } finally {
    nats.resume();
  }
  await untilTrue("it is back", () => transport.connected);
  expect(transport.connection).toBeGreaterThan(1);
});

test("a frozen server is asked again and again without a socket being left behind each time", async () => {
  const nats = await server();
  const problems: TransportProblem[] = [];
  nats.pause();
  try {
    const before = openSockets();
    open({
      servers: [nats.url],
      connectTimeoutMs: 30,
      reconnectDelayMs: 1,
      onProblem: (problem) => problems.push(problem),
    });
    await untilTrue("ten attempts have failed", () => problems.length >= 10);
    // The first one's, and that of the attempt under way.
    expect(openSockets() - before).toBeLessThanOrEqual(2);
  } finally {
    nats.resume();
  }
});

test("a frozen server keeps nobody from another one, nor does a name that stands in its address get lost", async () => {
  const args = ["--user", "n1", "--pass", "secret"];
  const frozen = await server({ args });
  const other = await server({ args });
  frozen.pause();
  try {
    const transport = await connected({
      servers: [`nats://n1:secret@127.0.0.1:${frozen.port}`, other.url],
      connectTimeoutMs: 100,
      reconnectDelayMs: 1,
    });
    const again = await other.restart();
    cleanups.push(() => again.kill());
    await untilTrue("it is connected again", () => transport.connection > 1 && transport.connected);
  } finally {
    frozen.resume();
  }
});

function openSockets(): number {
  return process.getActiveResourcesInfo().filter((name) => name.startsWith("TCP")).length;
}

test("a wrong password is reported and tried again, since the server may yet learn it", async () => {
  const nats = await server({ args: ["--user", "n1", "--pass", "se/cret"] });
  const problems: TransportProblem[] = [];
  const transport = open({
    servers: [nats.url],
    user: "n1",
    password: "wrong",
    onProblem: (problem) => problems.push(problem),
  });
  await untilTrue("two attempts have failed", () => problems.length >= 2);
  expect(String(problems[0]?.kind === "not connected" && problems[0].cause)).toMatch(
    /authorization/i,
  );
  expect(transport.connected).toBe(false);
});

test("user and password are taken from the options or from the server's address", async () => {
  const nats = await server({ args: ["--user", "n1", "--pass", "se/cret"] });
  await connected({ servers: [nats.url], user: "n1", password: "se/cret" });
  await connected({ servers: [`nats://n1:se%2Fcret@127.0.0.1:${nats.port}`] });
});

test("a transport that is closed while there is no server stays closed", async () => {
  const nats = await server();
  await nats.kill();
  let attempts = 0;
  const transport = open({
    servers: [nats.url],
    reconnectDelayMs: 1,
    onProblem: () => (attempts += 1),
  });
  await untilTrue("an attempt has failed", () => attempts > 0);
  await transport.close();
  const attemptsAtClose = attempts;
  const again = await nats.restart();
  cleanups.push(() => again.kill());
  const other = await connected({ servers: [again.url] });
  for (let round = 0; round < 50; round += 1) await flushed(other);
  expect(transport.connection).toBe(0);
  expect(attempts).toBe(attemptsAtClose);
});

test("closing also stops the timer of the next attempt", async () => {
  const nats = await server();
  await nats.kill();
  let timers = 0;
  let attempts = 0;
  const transport = open({
    servers: [nats.url],
    reconnectDelayMs: 60_000,
    onProblem: () => (attempts += 1),
    clock: {
      ...systemClock,
      after(delayMs, callback) {
        timers += 1;
        const cancel = systemClock.after(delayMs, callback);
        return () => {
          timers -= 1;
          cancel();
        };
      },
    },
  });
  await untilTrue("an attempt has failed", () => attempts > 0);
  expect(timers).toBe(1);
  await transport.close();
  expect(timers).toBe(0);
});

test("what arrives before the subscriptions are confirmed is not handed over", async () => {
  const port = await fakeServer(earlyDelivery);
  const transport = open({ servers: [`127.0.0.1:${port}`], pingIntervalMs: 20 });
  const received: string[] = [];
  transport.subscribe("early", ({ payload }) => received.push(Buffer.from(payload).toString()));
  await untilTrue("a later message arrives", () => received.length > 0);
  expect(received).toEqual(["later"]);

  /** Delivers at once on subscribing, and again with each ping that follows the confirmed one. */
  function earlyDelivery(socket: Socket, line: string): void {
    const sid = /^SUB early (\d+)/.exec(line)?.[1];
    if (sid !== undefined) socket.write(`MSG early ${sid} 7\r\ntoo bad\r\n`);
    if (line === "PING") {
      socket.write("PONG\r\n");
      if (transport.connected) socket.write("MSG early 1 5\r\nlater\r\n");
    }
  }
});

test("a connection that leaves pings unanswered is closed although it is stuck, not just forgotten", async () => {
  const problems: string[] = [];
  const sockets: Socket[] = [];
  const port = await fakeServer((socket, line) => {
    if (!sockets.includes(socket)) sockets.push(socket);
    if (line === "PING" && !socket.isPaused()) socket.write("PONG\r\n");
  });
  const transport = await connected({
    servers: [`127.0.0.1:${port}`],
    pingIntervalMs: 20,
    onProblem: (problem) =>
      problems.push(problem.kind === "not connected" ? String(problem.cause) : ""),
  });
  const first = sockets[0];
  first?.pause();
  for (let count = 0; count < 40; count += 1) {
    transport.publish("flood", new Uint8Array(512 * 1024));
  }
  await untilTrue("it connects again", () => transport.connection > 1);
  // Nothing was read from it: only a connection that the other side has given up resets on a write.
  await untilTrue("the first connection is closed", () => {
    first?.write("PONG\r\n");
    return first?.destroyed === true;
  });
  expect(problems[0]).toContain("left pings unanswered");
});

test("headers that break the format count as absent, and the payload is intact", async () => {
  const nats = await server();
  const receiver = await connected({ servers: [nats.url] });
  const seen: unknown[] = [];
  receiver.subscribe("raw", (message) => {
    seen.push([message.header("Good"), Buffer.from(message.payload).toString()]);
  });
  await flushed(receiver);
  const socket = await rawClient(nats);
  const send = (headers: string): void => {
    socket.write(`HPUB raw ${headers.length} ${headers.length + 2}\r\n${headers}ok\r\n`);
  };
  send("NATS/1.0\r\nGood: yes\r\n\r\n");
  send("NATS/1.0\r\nGood: yes\r\nb\u0001d: name\r\n\r\n");
  send("NATS/1.0 nonsense\r\nno colon here\r\n\r\n");
  await untilTrue("all arrive", () => seen.length === 3);
  expect(seen).toEqual([
    ["yes", "ok"],
    [undefined, "ok"],
    [undefined, "ok"],
  ]);
});

test("a reply subject that only a hostile client would choose is answered by nobody", async () => {
  const nats = await server();
  const problems: TransportProblem[] = [];
  const node = await connected({
    servers: [nats.url],
    onProblem: (problem) => problems.push(problem),
  });
  const asked: string[] = [];
  node.subscribe("ask", ({ reply = "" }) => {
    asked.push(`${reply} ${isInboxSubject(reply)}`);
    node.publish(reply, new Uint8Array(1));
  });
  await flushed(node);
  const socket = await rawClient(nats);
  const replies = ["_INBOX.>", "_INBOX..x", "synod.p.n-n2.n1", "_INBOX.a.1"];
  for (const reply of replies) socket.write(`PUB ask ${reply} 0\r\n\r\n`);
  await untilTrue("all arrive", () => asked.length === replies.length);
  expect(asked).toEqual([
    "_INBOX.> false",
    "_INBOX..x false",
    "synod.p.n-n2.n1 false",
    "_INBOX.a.1 true",
  ]);
  expect(problems.map((problem) => problem.kind)).toEqual(["handler failed", "handler failed"]);
});

test("an exception in the reporter is thrown where the process sees it, not into the reading loop", async () => {
  const nats = await server();
  const deferred: (() => void)[] = [];
  const transport = await connected({
    servers: [nats.url],
    clock: { ...systemClock, defer: (callback) => deferred.push(callback) },
    onProblem: () => {
      throw new Error("the reporter is broken");
    },
  });
  let handled = 0;
  transport.subscribe("twice", () => {
    handled += 1;
    throw new Error("the handler is broken");
  });
  transport.publish("twice", new Uint8Array(0));
  transport.publish("twice", new Uint8Array(0));
  await untilTrue("both are handled", () => handled === 2);
  expect(deferred[0]).toThrow("the reporter is broken");
});

describe("addresses and credentials", () => {
  test("an address may be a URL or a bare host, with or without port", () => {
    const servers = ["nats://a:1", "b", "c:2", "nats://d", "nats://[::1]:3"];
    expect(accessOptions({ servers })).toEqual({
      servers: ["a:1", "b:4222", "c:2", "d:4222", "[::1]:3"],
    });
  });

  test("tls is used when an address asks for it", () => {
    expect(accessOptions({ servers: ["tls://a:1"] })).toEqual({ servers: ["a:1"], tls: {} });
  });

  test("an address that cannot be read is refused without repeating its password", () => {
    for (const address of ["http://u:secret@a:1", "nats://", "nats://u:secret@a:port", ""]) {
      expect(() => open({ servers: [address] })).toThrow(SynodError);
      expect(() => open({ servers: [address] })).not.toThrow("secret");
    }
  });

  test("a credentials file is read again at every attempt, so that a renewed one is taken up", async () => {
    const directory = mkdtempSync(join(tmpdir(), "synod-credentials-"));
    cleanups.push(() => Promise.resolve(rmSync(directory, { recursive: true })));
    const credentialsFile = join(directory, "user.creds");
    expect(() => open({ servers: ["a"], credentialsFile })).toThrow("ENOENT");

    const seed = new TextDecoder().decode(nkeys.createUser().getSeed());
    const part = (name: string, content: string): string =>
      `-----BEGIN ${name}-----\n${content}\n------END ${name}------\n\n`;
    const credentials = part("NATS USER JWT", "e30.e30.e30") + part("USER NKEY SEED", seed);
    writeFileSync(credentialsFile, credentials);
    const nats = await server();
    const problems: string[] = [];
    const transport = await connected({
      servers: [nats.url],
      credentialsFile,
      onProblem: (problem) =>
        problems.push(problem.kind === "not connected" ? String(problem.cause) : ""),
    });
    rmSync(credentialsFile);
    const again = await nats.restart();
    cleanups.push(() => again.kill());
    await untilTrue("the missing file is reported", () => problems.join().includes("ENOENT"));
    writeFileSync(credentialsFile, credentials);
    await untilTrue("it is back", () => transport.connected);
  });
});

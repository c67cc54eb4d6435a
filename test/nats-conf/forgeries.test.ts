/** The shipped nats.conf on a real server: what everybody needs passes, and each forgery is refused. */
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { NatsTransport } from "../../infra/transport/nats-transport.ts";
import { isInboxSubject } from "../../infra/transport/subject.ts";
import type { TransportProblem } from "../../infra/transport/transport.ts";
import { untilTrue } from "../conformance/transport-harness.ts";
import { brokerPasswords, passwordOf } from "../support/broker-passwords.ts";
import { startNatsServer, type NatsServer } from "../support/nats-server.ts";

interface Party {
  readonly transport: NatsTransport;
  /** `publish subject` or `subscribe subject` for each permission that the server refused. */
  readonly refused: string[];
  /** Why it could not connect, if so. */
  readonly unconnected: string[];
}

let server: NatsServer;
const parties: Party[] = [];

beforeAll(async () => {
  server = await startNatsServer({ config: "nats.conf", env: brokerPasswords });
});
afterEach(async () => {
  for (const { transport } of parties.splice(0)) await transport.close();
});
afterAll(() => server.kill());

function arrive(access: { user?: string; password?: string }): Party {
  const refused: string[] = [];
  const unconnected: string[] = [];
  const note = (problem: TransportProblem): void => {
    if (problem.kind === "permission refused") {
      refused.push(`${problem.operation} ${problem.subject}`);
    } else if (problem.kind === "not connected") unconnected.push(String(problem.cause));
    else throw problem.cause;
  };
  const transport = new NatsTransport({
    servers: [server.url],
    name: access.user ?? "nobody",
    ...access,
    onProblem: note,
  });
  const party = { transport, refused, unconnected };
  parties.push(party);
  return party;
}

async function connected(access: { user?: string; password?: string }): Promise<Party> {
  const party = arrive(access);
  await untilTrue("it connects", () => party.transport.connected);
  return party;
}

function node(name: string): Promise<Party> {
  return connected({ user: name, password: passwordOf(name) });
}

/** Somebody who says no name. */
function client(): Promise<Party> {
  return connected({});
}

async function hears(party: Party, subject: string): Promise<string[]> {
  const heard: string[] = [];
  party.transport.subscribe(subject, (message) => heard.push(message.subject));
  await flushed(party);
  return heard;
}

function flushed(party: Party): Promise<void> {
  return new Promise((resolve) => party.transport.flush(() => resolve()));
}

/** A refusal comes before the answer to a flush, but is reported a turn later: a second round trip outlasts that. */
async function judged(party: Party): Promise<void> {
  await flushed(party);
  await flushed(party);
}

/** Publishes, lets the server take it, and gives what it refused. */
async function says(party: Party, ...subjects: string[]): Promise<string[]> {
  const before = party.refused.length;
  for (const subject of subjects) party.transport.publish(subject, new Uint8Array(1));
  await judged(party);
  return party.refused.slice(before);
}

/** Tries to subscribe and gives what the server refused. */
async function listens(party: Party, ...subjects: string[]): Promise<string[]> {
  const before = party.refused.length;
  for (const subject of subjects) party.transport.subscribe(subject, () => {});
  await judged(party);
  return party.refused.slice(before);
}

test("everything that nodes and clients need passes", async () => {
  const n1 = await node("n1");
  const n2 = await node("n2");
  const someone = await client();
  const toNode = ["synod.p.n-n1.n2", "synod.p.g-g1.n2"];
  const toNodes = [
    "synod.kv.default.put.k",
    "synod.kv.default.range",
    "synod.kv.default.interest",
    "synod.api",
    "synod.api.n1",
    "synod.admin.get.status",
    "synod.admin.get.inspect",
    "$SRV.PING",
    "$SRV.INFO.synod",
  ];
  const toClients = [
    `${someone.transport.inboxPrefix}.1`,
    "synod.kv.default.watch.a.b",
    "synod.feed.g1",
    "synod.events.n2.g1.acceptor",
    "synod.events.n2.-.pulse",
  ];
  const asNode: string[] = [];
  const listening = ["synod.p.n-n1.*", "synod.p.g-g1.*", "synod.kv.*.put.>", "synod.kv.*.range"];
  for (const subject of [
    ...listening,
    "synod.kv.*.interest",
    "synod.api",
    "synod.api.n1",
    "synod.admin.get.>",
    "$SRV.>",
  ]) {
    n1.transport.subscribe(subject, (message) => asNode.push(message.subject));
  }
  const asClient: string[] = [];
  for (const subject of [
    `${someone.transport.inboxPrefix}.*`,
    "synod.kv.default.watch.>",
    "synod.feed.*",
    "synod.events.>",
  ]) {
    someone.transport.subscribe(subject, (message) => asClient.push(message.subject));
  }
  await flushed(n1);
  await flushed(someone);
  expect(await says(n2, ...toNode, ...toClients)).toEqual([]);
  expect(await says(someone, ...toNodes)).toEqual([]);
  await untilTrue("the node hears all", () => asNode.length === toNode.length + toNodes.length);
  await untilTrue("the client hears all", () => asClient.length === toClients.length);
  expect(asNode.sort()).toEqual([...toNode, ...toNodes].sort());
  expect(asClient.sort()).toEqual(toClients.sort());
  expect(await listens(n1, `${n1.transport.inboxPrefix}.*`)).toEqual([]);
  expect([n1, n2, someone].flatMap((party) => party.refused)).toEqual([]);
});

test("each of seven nodes may speak under its own name", async () => {
  for (const name of ["n1", "n2", "n3", "n4", "n5", "n6", "n7"]) {
    const party = await node(name);
    const own = [`synod.p.g-g1.${name}`, `synod.p.n-n1.${name}`, `synod.events.${name}.x`];
    const common = ["synod.kv.default.watch.k", "synod.feed.g1", "_INBOX.someone.1"];
    expect(await says(party, ...own, ...common)).toEqual([]);
    expect(await listens(party, "synod.p.g-g1.*", "synod.api", "_INBOX.own.*")).toEqual([]);
    expect(await listens(party, ">", "synod.>", "synod.events.>", "synod.feed.>")).toHaveLength(4);
    const next = name === "n7" ? "n1" : `n${Number(name.slice(1)) + 1}`;
    const foreign = [`synod.p.g-g1.${next}`, `synod.events.${next}.x`];
    expect(await says(party, ...foreign)).toEqual(foreign.map((subject) => `publish ${subject}`));
  }
});

test("a client cannot speak as a node", async () => {
  const n2 = await node("n2");
  const heard = await hears(n2, "synod.p.>");
  const someone = await client();
  const forged = ["synod.p.n-n2.n1", "synod.p.g-g1.n1", "synod.p.n-n2.client"];
  expect(await says(someone, ...forged)).toEqual(forged.map((subject) => `publish ${subject}`));
  expect(await says(await node("n1"), "synod.p.n-n2.n1")).toEqual([]);
  await untilTrue("the true one arrives", () => heard.length > 0);
  expect(heard).toEqual(["synod.p.n-n2.n1"]);
});

test("a node cannot speak as another node, nor tell another's events", async () => {
  const n3 = await node("n3");
  const heard = await hears(n3, "synod.p.>");
  const n2 = await node("n2");
  const forged = [
    "synod.p.n-n3.n1",
    "synod.p.n-n3.n2.n1",
    "synod.events.n1.g1.acceptor",
    "synod.events.n1.-.pulse",
  ];
  expect(await says(n2, ...forged)).toEqual(forged.map((subject) => `publish ${subject}`));
  expect(await says(n2, "synod.p.n-n3.n2")).toEqual([]);
  await untilTrue("the true one arrives", () => heard.length > 0);
  expect(heard).toEqual(["synod.p.n-n3.n2"]);
});

test("a client cannot forge a change event", async () => {
  const victim = await client();
  const heard = await hears(victim, "synod.kv.*.watch.>");
  const forger = await client();
  const forged = ["synod.kv.default.watch.k", "synod.kv.x.watch.a.b.c"];
  expect(await says(forger, ...forged)).toEqual(forged.map((subject) => `publish ${subject}`));
  expect(await says(await node("n1"), "synod.kv.default.watch.true")).toEqual([]);
  await untilTrue("the true one arrives", () => heard.length > 0);
  expect(heard).toEqual(["synod.kv.default.watch.true"]);
});

test("a client cannot forge a feed or a node's events", async () => {
  const forger = await client();
  const victim = await client();
  const heard = await hears(victim, "synod.feed.>");
  const events = [
    "synod.events.n1.g1.acceptor",
    "synod.events.n1.-.node",
    "synod.events.n1.-.pulse",
  ];
  const forged = ["synod.feed.g1", ...events];
  expect(await says(forger, ...forged)).toEqual(forged.map((subject) => `publish ${subject}`));
  expect(await says(await node("n1"), "synod.feed.g1")).toEqual([]);
  await untilTrue("the true one arrives", () => heard.length > 0);
  expect(heard).toEqual(["synod.feed.g1"]);
});

test("a client cannot forge a reply to another client", async () => {
  const victim = await client();
  const reply = `${victim.transport.inboxPrefix}.1`;
  const heard = await hears(victim, `${victim.transport.inboxPrefix}.*`);
  expect(await says(await client(), reply)).toEqual([`publish ${reply}`]);
  expect(await says(await node("n1"), reply)).toEqual([]);
  await untilTrue("the true reply arrives", () => heard.length > 0);
  expect(heard).toEqual([reply]);
});

test("a client cannot give administrators' orders", async () => {
  const refused = await says(await client(), "synod.admin.do.move", "synod.admin", "synod.admin.x");
  expect(refused).toEqual([
    "publish synod.admin.do.move",
    "publish synod.admin",
    "publish synod.admin.x",
  ]);
});

test("a client cannot listen to the protocol, to others' requests, or in a node's place", async () => {
  const places = [
    ">",
    "synod.>",
    "synod.p.>",
    "synod.p.n-n2.*",
    "*.p.*.*",
    "synod.kv.>",
    "synod.kv.*.put.>",
    "synod.kv.default.get.k",
    "synod.kv.*.*.k",
    "synod.api",
    "synod.api.n1",
    "synod.admin.get.>",
    "$SRV.>",
    "$SYS.>",
  ];
  const someone = await client();
  const refused = await listens(someone, ...places);
  expect(refused.sort()).toEqual(places.map((subject) => `subscribe ${subject}`).sort());
});

test("a node cannot act as a client", async () => {
  const n1 = await node("n1");
  const asking = ["synod.admin.get.status", "synod.admin.get.inspect"];
  const requests = ["synod.kv.default.put.k", "synod.api.n2", ...asking];
  expect(await says(n1, ...requests)).toEqual(requests.map((subject) => `publish ${subject}`));
});

test("a client cannot make a node speak as another by the reply subject of its request", async () => {
  const n2 = await node("n2");
  const heard = await hears(n2, "synod.p.>");
  const n3 = await node("n3");
  // Answers wherever it is told to, as no node of ours does.
  n3.transport.subscribe("synod.kv.*.get.>", ({ reply = "none" }) => {
    n3.transport.publish(reply, new Uint8Array(1));
  });
  await flushed(n3);
  const someone = await client();
  const reply = "synod.p.n-n2.n1";
  someone.transport.publish("synod.kv.default.get.k", new Uint8Array(1), { reply });
  await untilTrue("the answer is refused", () => n3.refused.length > 0);
  expect(n3.refused).toEqual(["publish synod.p.n-n2.n1"]);
  expect(await says(await node("n1"), "synod.p.n-n2.n1")).toEqual([]);
  await untilTrue("the true one arrives", () => heard.length > 0);
  expect(heard).toHaveLength(1);
});

test("a client can point a node at its own protocol subjects: only the node's rule on replies stops that", async () => {
  const n1 = await node("n1");
  const replies: string[] = [];
  n1.transport.subscribe("synod.kv.*.get.>", ({ reply = "none" }) => replies.push(reply));
  await flushed(n1);
  const someone = await client();
  const reply = "synod.p.n-n2.n1";
  someone.transport.publish("synod.kv.default.get.k", new Uint8Array(1), { reply });
  await untilTrue("the request arrives", () => replies.length === 1);
  expect(replies).toEqual([reply]);
  expect(await says(n1, reply)).toEqual([]);
  expect(isInboxSubject(reply)).toBe(false);
});

test("a node's name is worth nothing without its password", async () => {
  const impostors = [
    arrive({ user: "n1", password: "guess" }),
    arrive({ user: "n1", password: "" }),
    arrive({ user: "n1", password: "secretN2" }),
    arrive({ user: "n8", password: "secretN1" }),
  ];
  for (const { transport, unconnected } of impostors) {
    await untilTrue("it is turned away", () => unconnected.length > 0);
    expect(unconnected[0]).toMatch(/authorization violation/i);
    expect(transport.connection).toBe(0);
  }
});

test("a client may also come by name, with its password only", async () => {
  await connected({ user: "client", password: "secretCLIENT" });
  const wrong = arrive({ user: "client", password: "guess" });
  await untilTrue("it is turned away", () => wrong.unconnected.length > 0);
});

test("the server does not start without every password", async () => {
  const { SYNOD_NATS_PASSWORD_N7: _missing, ...rest } = brokerPasswords;
  await expect(startNatsServer({ config: "nats.conf", env: rest })).rejects.toThrow(
    "SYNOD_NATS_PASSWORD_N7",
  );
});

test("the server listens on loopback only, and announces the size limit that the file sets", async () => {
  expect(server.address).toBe("127.0.0.1");
  expect((await client()).transport.payloadBytesMax).toBe(1024 * 1024);
});

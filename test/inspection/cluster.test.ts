/** A real cluster seen through `synod inspect`, by the receiver of @statelyai/inspect and by sockets of our own. */
import { createWebSocketReceiver, type StatelyInspectionEvent } from "@statelyai/inspect";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { WebSocket } from "ws";
import { ClusterInspection } from "../../cli/inspect/cluster-inspection.ts";
import { InspectServer } from "../../cli/inspect/inspect-server.ts";
import { machinesDocument } from "../../cli/inspect/machines-document.ts";
import { pages } from "../../cli/inspect/pages.ts";
import { connect } from "../../client/connect.ts";
import { systemClock } from "../../infra/clock/system-clock.ts";
import type { LiveMessage } from "../../infra/status/live-message.ts";
import { NatsTransport } from "../../infra/transport/nats-transport.ts";
import { startCluster, type Cluster } from "../cluster/support/cluster.ts";
import { compiledPath } from "../support/compiled.ts";
import { waitUntil } from "../support/wait-until.ts";

let cluster: Cluster;
let transport: NatsTransport;
let server: InspectServer;
const sockets: WebSocket[] = [];

/** Starting takes longer than anything else. */
const bootMs = 30_000;

beforeAll(async () => {
  cluster = await startCluster();
  transport = await listening();
  server = await serve();
});
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.close();
});
afterAll(async () => {
  await server.close();
  await transport.close();
  await cluster.close();
});

async function listening(): Promise<NatsTransport> {
  const { servers } = cluster.topology;
  const own = new NatsTransport({ servers, name: "viewer", onProblem: () => undefined });
  await waitUntil("the viewer is connected", () => own.connected);
  return own;
}

function serve(): Promise<InspectServer> {
  const inspection = new ClusterInspection({ transport, clock: systemClock, prefix: "synod" });
  return InspectServer.listen({ inspection, routes: pages(compiledPath("web")), port: 0 });
}

interface Heard<Message> {
  readonly messages: Message[];
  /** As it came. */
  readonly texts: string[];
}

async function look<Message>(path: string): Promise<Heard<Message>> {
  const heard: Heard<Message> = { messages: [], texts: [] };
  const socket = new WebSocket(`${server.url.replace("http", "ws")}${path}`);
  sockets.push(socket);
  socket.on("message", (bytes: Buffer) => {
    heard.texts.push(bytes.toString());
    heard.messages.push(JSON.parse(bytes.toString()) as Message);
  });
  await waitUntil(`${path} is open`, () => socket.readyState === WebSocket.OPEN);
  return heard;
}

/** All that @statelyai/inspect's own receiver gets. */
function receive(): StatelyInspectionEvent[] {
  const events: StatelyInspectionEvent[] = [];
  const receiver = createWebSocketReceiver({ server: `ws://localhost:${server.port}/inspect` });
  receiver.subscribe((event) => void events.push(event));
  return events;
}

function expectedActors(): string[] {
  const groups = cluster.topology.groups.map(({ name }) => name);
  return ["n1", "n2", "n3"].flatMap((node) => [
    `${node}/node`,
    `${node}/region-manager`,
    ...groups.flatMap((group) =>
      ["acceptor", "birth", "checkpointer", "learner", "proposer"].map(
        (role) => `${node}/${group}/${role}`,
      ),
    ),
  ]);
}

/** By the last that was said of each actor. */
function leadersSeen(events: readonly StatelyInspectionEvent[]): string[] {
  const states = new Map<string, unknown>();
  for (const event of events) {
    if (event.type === "@xstate.event") continue;
    const { value } = event.snapshot as { readonly value?: unknown };
    states.set(event.sessionId, value);
  }
  return [...states.keys()].filter((id) => states.get(id) === "leading");
}

test("its own receiver gets every actor with its whole chart and its state, also when it connects late", async () => {
  const first = await look("/live");
  await waitUntil("the cluster is seen", () => first.messages.length > 20);
  const events = receive();
  const actors = (): Extract<StatelyInspectionEvent, { type: "@xstate.actor" }>[] =>
    events.filter((event) => event.type === "@xstate.actor");
  const expected = expectedActors().toSorted();
  await waitUntil("every actor is there", () => actors().length === expected.length);
  expect(
    actors()
      .map(({ sessionId }) => sessionId)
      .toSorted(),
  ).toEqual(expected);
  const charts = JSON.parse(JSON.stringify(machinesDocument())) as ReturnType<
    typeof machinesDocument
  >;
  for (const { sessionId, rootId, parentId, definition = "", snapshot } of actors()) {
    const chart = JSON.parse(definition) as { id: string; states: Record<string, unknown> };
    expect(chart).toEqual(charts.machines[chart.id]?.config);
    const [node] = sessionId.split("/");
    expect(rootId).toBe(`${node}/node`);
    expect(parentId).toBe(sessionId === rootId ? undefined : rootId);
    expect(Object.keys(chart.states)).toContain(snapshot.value);
    expect(snapshot.status).toBe("active");
  }
  await cluster.waitUntil("those that lead are seen to lead", () => {
    const leaders = cluster.topology.groups.map(
      ({ name }) => `${cluster.leaderOf(name)}/${name}/proposer`,
    );
    return leaders.toSorted().join() === leadersSeen(events).toSorted().join();
  });
  await waitUntil("something happens", () =>
    events.some(({ type }) => type === "@xstate.snapshot"),
  );
});

test("a leader that is killed goes, another one is seen to rise, and its return is seen", async () => {
  const live = await look<LiveMessage>("/live");
  const stately = receive();
  const all = expectedActors().length;
  const seen = (): number => {
    const last = live.messages.findLast(({ type }) => type === "snapshot");
    return last?.type === "snapshot" ? last.nodes.flatMap(({ actors }) => actors).length : 0;
  };
  await waitUntil("all actors are seen", () => seen() === all && stately.length >= all);
  await cluster.waitUntil("g1 is led", () => cluster.leaderOf("g1") !== undefined);
  const killed = cluster.leaderOf("g1") ?? "";
  const from = live.messages.length;
  const since = (): LiveMessage[] => live.messages.slice(from);
  await cluster.kill(killed);
  await waitUntil("it is gone", () =>
    since().some((message) => message.type === "node-gone" && message.node === killed),
  );
  await waitUntil("another one leads", () =>
    since().some(
      (message) =>
        message.type === "transition" &&
        message.node !== killed &&
        message.actor.endsWith("/g1/proposer") &&
        message.to === "leading" &&
        message.from !== "leading",
    ),
  );
  await waitUntil("Stately's receiver hears that its actors have stopped", () =>
    stately.some(
      (event) =>
        event.type === "@xstate.snapshot" &&
        event.sessionId === `${killed}/g1/proposer` &&
        event.snapshot.status === "stopped",
    ),
  );
  cluster.start(killed);
  const isBack = (): boolean => since().some(({ type }) => type === "node-back");
  await waitUntil("it is back", isBack, bootMs);
  const servesAgain = (): boolean =>
    since().some(
      (message) =>
        (message.type === "transition" &&
          message.actor === `${killed}/node` &&
          message.to === "serving") ||
        (message.type === "snapshot" &&
          message.nodes.some(({ actors }) =>
            actors.some(({ id, state }) => id === `${killed}/node` && state === "serving"),
          ) &&
          since().indexOf(message) > since().findIndex(({ type }) => type === "node-back")),
    );
  await waitUntil("it is seen to serve again", servesAgain, bootMs);
  await cluster.waitUntilServing();
  await waitUntil("all actors are seen again", () => seen() === all);
});

test("nothing of what users stored is in anything that nodes or sockets say", async () => {
  const [key, value] = ["secretKeyOfAUser", "secretValueOfAUser"];
  const session = await connect({ servers: cluster.topology.servers });
  const own = await listening();
  const traffic: string[] = [];
  for (const subject of ["synod.events.>", `${own.inboxPrefix}.>`]) {
    own.subscribe(subject, ({ payload }) => traffic.push(Buffer.from(payload).toString("latin1")));
  }
  const live = await look<LiveMessage>("/live");
  const stately = await look("/inspect");
  const wrote = (): boolean =>
    live.messages.some(
      (message) => message.type === "transition" && message.event.type === "accept",
    );
  const bucket = session.bucket("default");
  for (let at = 0; at < 50 || !wrote(); at += 1) {
    await bucket.put(`${key}.${at}`, value);
    await bucket.get(`${key}.${at}`);
    own.publish("synod.admin.get.inspect", new Uint8Array(0), { reply: `${own.inboxPrefix}.1` });
  }
  await waitUntil("the nodes have answered", () =>
    traffic.some((text) => text.includes('"parts"')),
  );
  const said = [...traffic, ...live.texts, ...stately.texts];
  expect(said.length).toBeGreaterThan(100);
  for (const secret of [key, value]) {
    const forms = [secret, Buffer.from(secret).toString("base64").slice(2, -4), secret.slice(0, 8)];
    const bytes = [...Buffer.from(secret)].slice(0, 4).join(",");
    for (const form of [...forms, bytes]) {
      expect(said.find((text) => text.includes(form))).toBeUndefined();
    }
  }
  await own.close();
  await session.close();
});

test("nodes say nothing any more ten seconds after the last viewer has gone", async () => {
  // The receivers of the tests above know no end but this.
  await server.close();
  server = await serve();
  const own = await listening();
  let said = 0;
  own.subscribe("synod.events.>", () => {
    said += 1;
  });
  const live = await look<LiveMessage>("/live");
  await waitUntil("nodes tell", () => live.messages.some(({ type }) => type === "transition"));
  for (const socket of sockets.splice(0)) socket.close();
  let [before, sinceMs] = [said, performance.now()];
  const leftMs = sinceMs;
  await waitUntil(
    "nodes have been silent for two seconds",
    () => {
      if (said !== before) [before, sinceMs] = [said, performance.now()];
      return performance.now() - sinceMs > 2_000;
    },
    20_000,
  );
  // Asked for the last time at most when the viewer left, and a pulse may pass until it is noticed.
  expect(sinceMs - leftMs).toBeLessThan(11_500);
  expect(said).toBeGreaterThan(0);
  await own.close();
});

/** What a viewer makes of what nodes say, whatever is lost, late, forged or restarted. */
import * as fc from "fast-check";
import { beforeEach, expect, test } from "vitest";
import { ClusterInspection, type InspectionNews } from "../../cli/inspect/cluster-inspection.ts";
import { statelyMessages } from "../../cli/inspect/stately-messages.ts";
import type { InspectedActor, InspectionEvent } from "../../infra/status/inspection.ts";
import type { InboundMessage, Transport } from "../../infra/transport/transport.ts";
import { ManualClock } from "../state-store/manual-clock.ts";

const inbox = "_INBOX.viewer.inspect";

class Stage {
  readonly clock = new ManualClock();
  /** When and how nodes were asked. */
  readonly asked: { readonly atMs: number; readonly machines: boolean }[] = [];
  readonly news: InspectionNews[] = [];
  connected = true;
  readonly #handlers = new Map<string, (message: InboundMessage) => void>();
  #connectionChanged: (connected: boolean) => void = () => undefined;
  readonly inspection: ClusterInspection;

  constructor() {
    const isConnected = (): boolean => this.connected;
    const transport: Partial<Transport> = {
      get connected() {
        return isConnected();
      },
      inboxPrefix: "_INBOX.viewer",
      onConnectionChange: (listener) => {
        this.#connectionChanged = listener;
      },
      publish: (subject, payload) => {
        expect(subject).toBe("synod.admin.get.inspect");
        const { machines } = JSON.parse(Buffer.from(payload).toString()) as { machines: boolean };
        this.asked.push({ atMs: this.clock.monotonicMs(), machines });
      },
      subscribe: (subject, handler) => {
        this.#handlers.set(subject, handler);
        return { close: () => void this.#handlers.delete(subject) };
      },
    };
    this.inspection = new ClusterInspection({
      transport: transport as Transport,
      clock: this.clock,
      prefix: "synod",
    });
  }

  get listening(): boolean {
    return this.#handlers.size > 0;
  }

  look(): () => void {
    return this.inspection.listen((news) => this.news.push(news));
  }

  answer(message: unknown): void {
    this.#deliver(inbox, inbox, message);
  }

  tell(message: Partial<InspectionEvent>, node = message.node ?? ""): void {
    this.#deliver("synod.events.>", `synod.events.${node}.g1.acceptor`, message);
  }

  pulse(message: unknown, node = "n1"): void {
    this.#deliver("synod.events.>", `synod.events.${node}.-.pulse`, message);
  }

  connect(connected: boolean): void {
    this.connected = connected;
    this.#connectionChanged(connected);
  }

  runUntil(ms: number, meanwhile: () => void = () => undefined): void {
    const end = { reached: false };
    this.clock.after(ms - this.clock.monotonicMs(), () => {
      end.reached = true;
    });
    while (!end.reached) {
      this.clock.step();
      meanwhile();
    }
  }

  stateOf(id: string): string | undefined {
    const actors = this.inspection.nodes.flatMap((node) => node.actors);
    return actors.find((actor) => actor.id === id)?.state;
  }

  raw(subject: string, payload: Uint8Array): void {
    for (const handler of this.#handlers.values()) {
      handler({ subject, payload, reply: undefined, headers: "none", header: () => undefined });
    }
  }

  #deliver(pattern: string, subject: string, message: unknown): void {
    const payload = Buffer.from(JSON.stringify(message));
    this.#handlers.get(pattern)?.({
      subject,
      payload,
      reply: undefined,
      headers: "none",
      header: () => undefined,
    });
  }
}

let stage: Stage;
beforeEach(() => {
  stage = new Stage();
});

function actor(node: string, state = "voting"): InspectedActor {
  const id = `${node}/g1/acceptor`;
  return { id, machine: "acceptor", state, status: "active", contextSummary: {} };
}

function answerOf(node: string, sequence = 0, start = 1, state = "voting"): object {
  const machines = { acceptor: { id: "acceptor", states: {} } };
  return { node, start, sequence, part: 1, parts: 1, actors: [actor(node, state)], machines };
}

function eventOf(node: string, sequence: number, to = "guarding", start = 1): InspectionEvent {
  return {
    node,
    start,
    sequence,
    atMs: 0,
    actor: `${node}/g1/acceptor`,
    machine: "acceptor",
    status: "active",
    event: { type: "deadline" },
    from: "voting",
    to,
    passed: [],
    transitions: [],
    skipped: 0,
    memory: {},
  };
}

test("nodes are asked only while somebody looks, and often enough that they go on telling", () => {
  stage.runUntil(30_000);
  expect(stage.asked).toEqual([]);
  const stopLooking = stage.look();
  const alsoStop = stage.look();
  stage.answer(answerOf("n1"));
  stage.runUntil(60_000, () => stage.pulse({ node: "n1", start: 1, sequence: 0 }));
  const gaps = stage.asked.map(({ atMs }, at) => atMs - (stage.asked[at - 1]?.atMs ?? atMs));
  expect(Math.max(...gaps)).toBeLessThan(5_000);
  expect(stage.asked.length).toBeLessThan(12);
  expect(stage.asked.map(({ machines }) => machines)).toEqual([
    true,
    ...stage.asked.slice(1).map(() => false),
  ]);
  stopLooking();
  expect(stage.listening).toBe(true);
  alsoStop();
  alsoStop();
  expect(stage.listening).toBe(false);
  const asked = stage.asked.length;
  stage.runUntil(120_000);
  expect(stage.asked.length).toBe(asked);
});

test("transitions are told in order; what is old or of an earlier start is not", () => {
  stage.look();
  stage.answer(answerOf("n1", 5));
  stage.tell(eventOf("n1", 5, "recovering"));
  expect(stage.stateOf("n1/g1/acceptor")).toBe("voting");
  stage.tell(eventOf("n1", 6));
  stage.tell(eventOf("n1", 6, "recovering"));
  stage.tell(eventOf("n1", 9, "recovering", 77));
  expect(stage.stateOf("n1/g1/acceptor")).toBe("guarding");
  expect(stage.news.filter(({ type }) => type === "transition")).toHaveLength(1);
});

test("a lost message is noticed by the next one or by a pulse, and all is asked again", () => {
  stage.look();
  stage.answer(answerOf("n1"));
  stage.runUntil(1_000);
  stage.tell(eventOf("n1", 2));
  expect(stage.stateOf("n1/g1/acceptor")).toBe("guarding");
  stage.runUntil(1_150);
  expect(stage.asked).toHaveLength(2);
  stage.news.length = 0;
  stage.answer(answerOf("n1", 3));
  expect(stage.stateOf("n1/g1/acceptor")).toBe("voting");
  expect(stage.news).toEqual([{ type: "snapshot", node: "n1" }]);
  stage.runUntil(1_500);
  stage.pulse({ node: "n1", start: 1, sequence: 4 });
  stage.runUntil(1_650);
  expect(stage.asked).toHaveLength(3);
  stage.answer(answerOf("n1", 4));
  stage.pulse({ node: "n1", start: 1, sequence: 4 });
  stage.runUntil(2_500);
  expect(stage.asked).toHaveLength(3);
});

test("an actor that was made meanwhile is asked for at once", () => {
  stage.look();
  stage.answer(answerOf("n1"));
  stage.runUntil(1_000);
  stage.tell({ ...eventOf("n1", 1), actor: "n1/g2/acceptor", from: "" });
  stage.runUntil(1_150);
  expect(stage.asked).toHaveLength(2);
});

test("an answer that shows what was known is no news", () => {
  stage.look();
  stage.answer(answerOf("n1"));
  stage.tell(eventOf("n1", 1));
  stage.news.length = 0;
  stage.answer(answerOf("n1", 1, 1, "guarding"));
  stage.answer(answerOf("n1", 0));
  expect(stage.news).toEqual([]);
  expect(stage.stateOf("n1/g1/acceptor")).toBe("guarding");
});

test("a node that says nothing for a second and a half is gone, until it is heard again", () => {
  stage.look();
  stage.answer(answerOf("n1"));
  stage.answer(answerOf("n2"));
  stage.runUntil(1_400, () => stage.pulse({ node: "n2", start: 1, sequence: 0 }, "n2"));
  expect(stage.news.filter(({ type }) => type !== "snapshot")).toEqual([]);
  stage.runUntil(1_700, () => stage.pulse({ node: "n2", start: 1, sequence: 0 }, "n2"));
  expect(stage.news.at(-1)).toEqual({ type: "node-gone", node: "n1" });
  expect(stage.inspection.nodes.map(({ gone }) => gone)).toEqual([true, false]);
  stage.answer(answerOf("n1", 0, 2, "recovering"));
  expect(stage.news.slice(-2)).toEqual([
    { type: "node-back", node: "n1" },
    { type: "snapshot", node: "n1" },
  ]);
  expect(stage.inspection.nodes[0]).toMatchObject({ start: 2, gone: false });
  expect(stage.stateOf("n1/g1/acceptor")).toBe("recovering");
});

test("without a connection no node is taken for gone, and with a new one all are asked at once", () => {
  stage.look();
  stage.answer(answerOf("n1"));
  stage.runUntil(500);
  stage.connect(false);
  stage.runUntil(9_000);
  expect(stage.news.map(({ type }) => type)).toEqual(["snapshot", "connection"]);
  const asked = stage.asked.length;
  stage.connect(true);
  stage.runUntil(9_200);
  expect(stage.asked.length).toBe(asked + 1);
  stage.runUntil(11_000);
  expect(stage.news.at(-1)).toEqual({ type: "node-gone", node: "n1" });
});

test("an answer in parts counts when it is whole, and parts of two answers are not mixed", () => {
  stage.look();
  const part = (at: number, sequence: number, name: string): object => ({
    ...answerOf("n1", sequence),
    part: at,
    parts: 2,
    actors: [{ ...actor("n1"), id: `n1/${name}` }],
  });
  stage.answer(part(1, 0, "a"));
  expect(stage.inspection.nodes).toEqual([]);
  stage.answer(part(2, 3, "b"));
  expect(stage.inspection.nodes).toEqual([]);
  stage.answer(part(1, 3, "c"));
  expect(stage.inspection.nodes[0]?.actors.map(({ id }) => id)).toEqual(["n1/c", "n1/b"]);
});

test("what is said in another node's name is dropped", () => {
  stage.look();
  stage.answer(answerOf("n1"));
  stage.tell(eventOf("n1", 1), "n2");
  expect(stage.stateOf("n1/g1/acceptor")).toBe("voting");
});

test("Stately's inspector hears who sent a message, and that the actors of a silent node have stopped", () => {
  stage.look();
  stage.answer(answerOf("n1"));
  const event = {
    ...eventOf("n1", 1),
    event: { type: "accept", from: { node: "n2", member: 2 } },
  };
  const [said, snapshot] = statelyMessages({ type: "transition", event }, stage.inspection);
  expect(said).toMatchObject({
    type: "@xstate.event",
    sessionId: "n1/g1/acceptor",
    sourceId: "n2/g1/proposer",
    rootId: "n1/node",
  });
  expect(snapshot).toMatchObject({ type: "@xstate.snapshot", snapshot: { value: "guarding" } });
  const gone = statelyMessages({ type: "node-gone", node: "n1" }, stage.inspection);
  expect(gone).toMatchObject([{ sessionId: "n1/g1/acceptor", snapshot: { status: "stopped" } }]);
});

test("nothing that may come in is thrown at, or taken for what it is not", () => {
  stage.look();
  stage.answer(answerOf("n1"));
  const valid = [answerOf("n1", 1), eventOf("n1", 1), { node: "n1", start: 1, sequence: 1 }];
  const field = fc.oneof(fc.jsonValue(), fc.constantFrom("n1", 1, -1, 2 ** 32 - 1));
  const mutated = fc
    .tuple(
      fc.constantFrom(...valid),
      fc.constantFrom("node", "start", "sequence", "part", "parts", "actors", "machines", "event"),
      field,
    )
    .map(([message, name, value]) => Buffer.from(JSON.stringify({ ...message, [name]: value })));
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 200 }),
    fc.jsonValue().map((value) => Buffer.from(JSON.stringify(value))),
    mutated,
  );
  const subject = fc.constantFrom(inbox, "synod.events.n1.g1.acceptor", "synod.events.n1.-.pulse");
  fc.assert(
    fc.property(subject, bytes, (subject, payload) => {
      stage.raw(subject, payload);
      for (const { node, actors } of stage.inspection.nodes) {
        expect(typeof node).toBe("string");
        expect(actors.every(({ id, state }) => `${id}${state}`.length > 0)).toBe(true);
      }
    }),
    { numRuns: 2_000 },
  );
});

/** What a node tells of its actors, and when. */
import { expect, test } from "vitest";
import { Actor, type HostOptions, type Inspectable } from "../../actors/actor.ts";
import { Dispatcher } from "../../actors/dispatcher.ts";
import { Inspection } from "../../actors/inspection/inspection.ts";
import type { InspectionAnswer, InspectionEvent } from "../../infra/status/inspection.ts";
import { checkpointerActor } from "../../machines/checkpointer/checkpointer-rules.ts";
import {
  Checkpointer,
  type CheckpointerEffect,
  type CheckpointerEvent,
} from "../../machines/checkpointer/checkpointer-memory.ts";
import { checkpointerMachine } from "../../machines/checkpointer/checkpointer.ts";
import { invariant } from "../../machines/invariant.ts";
import { ManualClock } from "../state-store/manual-clock.ts";

const reply = "_INBOX.viewer.1";
const nothing = new Uint8Array(0);

interface Published {
  readonly subject: string;
  readonly message: InspectionAnswer & InspectionEvent & { readonly error?: { code: string } };
}

class NodeUnderTest {
  readonly clock = new ManualClock();
  readonly published: Published[] = [];
  readonly failures: Error[] = [];
  /** How often an actor was given an observer. */
  observed = 0;
  perform: (effect: CheckpointerEffect) => void = () => undefined;
  messageBytesMax = 1_000_000;
  readonly inspection = new Inspection({
    node: "n1",
    start: 77,
    prefix: "synod",
    clock: this.clock,
    messageBytesMax: () => this.messageBytesMax,
    publish: (subject, bytes) =>
      this.published.push({
        subject,
        message: JSON.parse(Buffer.from(bytes).toString()) as Published["message"],
      }),
    failed: (reason) => {
      throw reason;
    },
  });
  readonly #dispatcher = new Dispatcher();

  actor(name: string): Actor<CheckpointerEvent, CheckpointerEffect, Checkpointer> {
    const host: HostOptions = {
      clock: this.clock,
      dispatcher: this.#dispatcher,
      failed: (reason) => this.failures.push(reason),
      made: (actor) => this.inspection.made(this.#counted(actor)),
    };
    return new Actor({
      ...host,
      name,
      logic: checkpointerActor,
      memory: new Checkpointer({
        checkpointThrough: 0,
        tableBytesMax: 1_000,
        intervalMs: 60_000,
        startedMs: 0,
      }),
      perform: (effect: CheckpointerEffect) => this.perform(effect),
    });
  }

  get events(): readonly InspectionEvent[] {
    return this.published
      .filter(({ subject }) => subject.startsWith("synod.events.n1.g1."))
      .map(({ message }) => message);
  }

  get answers(): readonly InspectionAnswer[] {
    return this.published.filter(({ subject }) => subject === reply).map(({ message }) => message);
  }

  ask(request: Uint8Array = nothing): void {
    this.inspection.asked(reply, request);
  }

  runUntil(ms: number): void {
    const end = { reached: false };
    this.clock.after(ms - this.clock.monotonicMs(), () => {
      end.reached = true;
    });
    while (!end.reached) this.clock.step();
  }

  #counted(actor: Inspectable): Inspectable {
    const observe = actor.observe.bind(actor);
    actor.observe = (observer) => {
      if (observer !== undefined) this.observed += 1;
      observe(observer);
    };
    return actor;
  }
}

function started(): { node: NodeUnderTest; actor: ReturnType<NodeUnderTest["actor"]> } {
  const node = new NodeUnderTest();
  const actor = node.actor("g1/checkpointer");
  actor.start();
  return { node, actor };
}

function grow(through: number, nowMs = 0): CheckpointerEvent {
  return { type: "tableGrew", appliedThrough: through, bytes: 1, nowMs };
}

test("the answer shows every actor with its whole chart and what it is doing", () => {
  const { node, actor } = started();
  node.actor("node").start();
  actor.post(grow(3));
  actor.post({ type: "checkpointNow", nowMs: 0 });
  node.ask();
  expect(node.answers).toHaveLength(1);
  const [answer] = node.answers;
  expect(answer).toMatchObject({ node: "n1", start: 77, sequence: 0, part: 1, parts: 1 });
  expect(answer?.actors).toEqual([
    {
      id: "n1/g1/checkpointer",
      machine: "checkpointer",
      state: "writing",
      status: "active",
      contextSummary: { checkpointThrough: 0, written: false },
    },
    expect.objectContaining({ id: "n1/node", state: "idle" }),
  ]);
  const { context: _, ...config } = checkpointerMachine.config;
  expect(answer?.machines).toEqual({ checkpointer: config });
});

test("an answer leaves charts out if they are not wanted, and is split to fit into messages", () => {
  const { node } = started();
  for (const group of ["g2", "g3", "g4"]) node.actor(`${group}/checkpointer`).start();
  node.messageBytesMax = 1_500;
  node.ask(Buffer.from('{"machines":false}'));
  expect(node.answers.length).toBeGreaterThan(1);
  expect(node.answers.map(({ part }) => part)).toEqual(node.answers.map((_, at) => at + 1));
  expect(node.answers.every(({ parts }) => parts === node.answers.length)).toBe(true);
  expect(node.answers.flatMap(({ actors }) => actors)).toHaveLength(4);
  expect(node.answers.every(({ machines }) => machines === undefined)).toBe(true);
  node.ask(Buffer.from("{"));
  node.ask(Buffer.from("null"));
  node.ask(Buffer.from('{"machines":3}'));
  const refused = node.published.filter(({ message }) => message.error?.code === "BAD_REQUEST");
  expect(refused).toHaveLength(3);
});

test("an event tells the way through the chart and which transitions were taken", () => {
  const { node, actor } = started();
  actor.post(grow(3));
  node.ask();
  actor.post({ type: "checkpointNow", nowMs: 5 });
  expect(node.events).toEqual([
    {
      node: "n1",
      start: 77,
      sequence: 1,
      atMs: 0,
      actor: "n1/g1/checkpointer",
      machine: "checkpointer",
      status: "active",
      event: { type: "checkpointNow", nowMs: 5 },
      from: "idle",
      to: "writing",
      passed: [],
      transitions: [{ source: "idle", event: "checkpointNow", index: 0 }],
      skipped: 0,
      memory: { checkpointThrough: 0, written: false },
    },
  ]);
  node.runUntil(100);
  actor.post(grow(4, 100));
  actor.post({ type: "frozen", through: 3, nowMs: 100 });
  actor.post({ type: "written", nowMs: 100 });
  actor.post({ type: "chosenDurable", through: 3, nowMs: 100 });
  actor.post({ type: "switched", nowMs: 100 });
  actor.post(grow(5, 100));
  node.runUntil(200);
  expect(node.events).toHaveLength(3);
  expect(node.events[2]).toMatchObject({
    event: { type: "switched" },
    from: "writing",
    passed: ["switching"],
    to: "idle",
    transitions: [{ source: "switching", event: "switched", index: 0 }],
    skipped: 4,
  });
});

test("a transition without an event and one of several branches have their names", () => {
  const { node, actor } = started();
  node.ask();
  const events: readonly CheckpointerEvent[] = [
    grow(4),
    { type: "tableGrew", appliedThrough: 5, bytes: 2_000, nowMs: 0 },
    { type: "frozen", through: 5, nowMs: 0 },
    { type: "written", nowMs: 0 },
    { type: "chosenDurable", through: 5, nowMs: 0 },
  ];
  for (const [at, event] of events.entries()) {
    node.runUntil(at * 100);
    actor.post(event);
  }
  expect(node.events.map(({ event, transitions }) => [event.type, ...transitions])).toEqual([
    ["tableGrew", { source: "idle", event: "tableGrew", index: 1 }],
    ["tableGrew", { source: "idle", event: "tableGrew", index: 0 }],
    ["frozen", { source: "writing", event: "frozen", index: 0 }],
    ["written", { source: "writing", event: "written", index: 0 }],
    [
      "chosenDurable",
      { source: "writing", event: "chosenDurable", index: 0 },
      { source: "writing", event: "", index: 0 },
    ],
  ]);
});

test("a busy actor sends twenty messages a second and counts what it leaves out", () => {
  const { node, actor } = started();
  node.ask();
  for (let ms = 1; ms <= 5_000; ms += 1) {
    node.runUntil(ms);
    for (let at = 0; at < 10; at += 1) actor.post(grow(ms, ms));
  }
  node.runUntil(5_100);
  expect(node.events.length).toBeGreaterThan(90);
  expect(node.events.length).toBeLessThanOrEqual(102);
  const told = node.events.reduce((sum, { skipped }) => sum + skipped + 1, 0);
  expect(told).toBe(50_000);
});

test("a node with very many busy actors sends no more than 100 messages in 50 ms, and forgets nobody", () => {
  const node = new NodeUnderTest();
  const actors = Array.from({ length: 350 }, (_, at) => node.actor(`g1/a${at}`));
  for (const actor of actors) actor.start();
  node.ask();
  const perWindow: number[] = [];
  for (let ms = 50; ms <= 2_000; ms += 50) {
    const before = node.events.length;
    for (const actor of actors) actor.post(grow(ms, ms));
    node.runUntil(ms);
    perWindow.push(node.events.length - before);
  }
  expect(Math.max(...perWindow)).toBeLessThanOrEqual(200);
  expect(node.events.length).toBeLessThanOrEqual(42 * 100);
  expect(new Set(node.events.map(({ actor }) => actor)).size).toBe(350);
});

test("nobody is observed before somebody asks, and nothing is told when nobody has asked for ten seconds", () => {
  const { node, actor } = started();
  actor.post(grow(1));
  expect(node.observed).toBe(0);
  expect(node.published).toEqual([]);
  expect(node.clock.turns).toBe(0);
  node.ask();
  node.runUntil(6_000);
  node.ask();
  expect(node.observed).toBe(1);
  node.runUntil(15_900);
  actor.post(grow(2));
  expect(node.events).toHaveLength(1);
  const pulses = node.published.filter(({ subject }) => subject === "synod.events.n1.-.pulse");
  expect(pulses).toHaveLength(32);
  node.runUntil(16_600);
  const told = node.published.length;
  actor.post(grow(3));
  node.runUntil(40_000);
  expect(node.published.length).toBe(told);
});

test("an actor that is made, stopped or fails while somebody looks is told of", () => {
  const { node, actor } = started();
  node.ask();
  actor.stop();
  const again = node.actor("g1/checkpointer");
  again.start();
  node.runUntil(100);
  node.perform = () => invariant(false, "a cut has an end", { cut: "secret" });
  again.post(grow(2));
  again.post({ type: "checkpointNow", nowMs: 100 });
  node.runUntil(200);
  const seen = node.events.map(({ event, from, to, status }) => [event.type, from, to, status]);
  expect(seen).toEqual([
    ["stop", "idle", "idle", "stopped"],
    ["start", "", "idle", "active"],
    ["tableGrew", "idle", "idle", "active"],
    ["checkpointNow", "idle", "writing", "failed"],
  ]);
  expect(node.events[3]?.failure).toEqual({ code: "INVARIANT_FAILED", text: "a cut has an end" });
  expect(node.failures).toHaveLength(1);
  expect(JSON.stringify(node.published)).not.toContain("secret");
  node.ask();
  expect(node.answers.at(-1)?.actors[0]).toMatchObject({ status: "failed", state: "writing" });
});

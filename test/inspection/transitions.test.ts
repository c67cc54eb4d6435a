/** The transitions that inspection names are those that xstate took, whatever happens to an actor. */
import * as fc from "fast-check";
import { createActor, type AnyStateMachine, type StateNode } from "xstate";
import { expect, test } from "vitest";
import {
  chosenBy,
  startingTransitions,
  takenTransitions,
} from "../../actors/inspection/taken-transitions.ts";
import type { TakenTransition } from "../../infra/status/inspection.ts";
import { Checkpointer } from "../../machines/checkpointer/checkpointer-memory.ts";
import { checkpointerActor } from "../../machines/checkpointer/checkpointer-rules.ts";
import { NodeLife } from "../../machines/node/node-memory.ts";
import { nodeActor } from "../../machines/node/node-rules.ts";

interface AnyEvent {
  readonly type: string;
}

/** Runs the events and compares what is named with what xstate's own inspection says, step by step. */
function compare(machine: AnyStateMachine, memory: unknown, events: readonly AnyEvent[]): void {
  const seen: TakenTransition[] = [];
  const actor = createActor(machine, { input: { memory } });
  const state = (): string => String(actor.getSnapshot().value);
  actor.system.inspect((said) => {
    if (said.type !== "@xstate.microstep") return;
    const { _transitions: transitions } = said;
    for (const transition of transitions) {
      const source = transition.source as StateNode;
      const { eventType } = transition;
      const alike = eventType === "" ? source.always : source.transitions.get(eventType);
      const index = alike?.indexOf(transition) ?? -1;
      seen.push({ source: source.path.join("."), event: eventType, index });
    }
  });
  actor.start();
  for (const event of events) {
    seen.length = 0;
    const from = state();
    const chosen = chosenBy(machine, actor.getSnapshot(), event);
    actor.send(event);
    expect(takenTransitions(machine, chosen, from, state())).toEqual(seen);
  }
  actor.stop();
}

test("of a checkpointer", () => {
  const event: fc.Arbitrary<AnyEvent> = fc.oneof(
    fc.record({
      type: fc.constant("tableGrew"),
      appliedThrough: fc.integer({ min: 0, max: 9 }),
      bytes: fc.constantFrom(1, 2_000),
      nowMs: fc.constant(0),
    }),
    fc.record({ type: fc.constant("frozen"), through: fc.integer({ min: 0, max: 9 }) }),
    fc.record({ type: fc.constant("chosenDurable"), through: fc.integer({ min: 0, max: 9 }) }),
    fc
      .constantFrom("deadline", "checkpointNow", "written", "switched", "unheardOf")
      .map((type) => ({
        type,
        name: "checkpoint",
        nowMs: 0,
      })),
  );
  fc.assert(
    fc.property(fc.array(event, { maxLength: 30 }), (events) => {
      const memory = new Checkpointer({
        checkpointThrough: 0,
        tableBytesMax: 1_000,
        intervalMs: 1_000,
        startedMs: 0,
      });
      compare(checkpointerActor, memory, events);
    }),
  );
});

test("of a node", () => {
  const event: fc.Arbitrary<AnyEvent> = fc.oneof(
    fc.constantFrom("connected", "disconnected", "drain", "deadline").map((type) => ({
      type,
      name: "introduce",
      nowMs: 0,
    })),
    fc.record({
      type: fc.constantFrom("replicaSettled", "replicaDrained", "storeLost"),
      group: fc.constantFrom("g1", "g2"),
      nowMs: fc.constant(0),
    }),
  );
  fc.assert(
    fc.property(fc.array(event, { maxLength: 30 }), (events) => {
      const memory = new NodeLife({
        self: { node: "n1", member: 1 },
        start: { member: 1, incarnation: 1, start: 1, earlier: [] },
        groups: ["g1", "g2"],
        peers: ["n2"],
        metStart: () => undefined,
      });
      compare(nodeActor, memory, events);
    }),
  );
});

test("a start goes through what needs no event", () => {
  expect(startingTransitions(nodeActor, "connecting")).toEqual([]);
  expect(startingTransitions(checkpointerActor, "idle")).toEqual([]);
});

/** An event on its way through an actor and its chart. The event is the cheapest there is. */
import { Actor } from "../../../actors/actor.ts";
import { Dispatcher } from "../../../actors/dispatcher.ts";
import { systemClock } from "../../../infra/clock/system-clock.ts";
import {
  Checkpointer,
  type CheckpointerEffect,
  type CheckpointerEvent,
} from "../../../machines/checkpointer/checkpointer-memory.ts";
import { checkpointerActor } from "../../../machines/checkpointer/checkpointer-rules.ts";
import type { MicroCase, Scale } from "../micro-case.ts";

export function actorCases({ others }: Scale): MicroCase[] {
  const actor = new Actor<CheckpointerEvent, CheckpointerEffect>({
    clock: systemClock,
    dispatcher: new Dispatcher(),
    failed: (reason) => {
      throw reason;
    },
    name: "g1/checkpointer",
    logic: checkpointerActor,
    memory: new Checkpointer({
      checkpointThrough: 0,
      tableBytesMax: Infinity,
      intervalMs: 3_600_000,
      startedMs: 0,
    }),
    perform: () => undefined,
  });
  actor.start();
  let appliedThrough = 0;
  return [
    {
      name: "actor: an event through a chart",
      operations: others,
      run: () => {
        for (let at = 0; at < others; at++) {
          appliedThrough += 1;
          actor.post({ type: "tableGrew", appliedThrough, bytes: 1, nowMs: 0 });
        }
      },
    },
  ];
}

/**
 * The checkpointer: writes applied state beside the log, so that a restart replays little and the log can be
 * trimmed. A checkpoint counts only once the log durably knows that all it contains was chosen.
 */
import { setup } from "xstate";
import type { Checkpointer, CheckpointerEvent } from "./checkpointer-memory.ts";

export interface CheckpointerContext {
  readonly memory: Checkpointer;
}

const givenByRules = (): never => {
  throw new Error("checkpointer-rules.ts provides the bodies");
};

export const checkpointerMachine = setup({
  types: {
    context: {} as CheckpointerContext,
    events: {} as CheckpointerEvent,
    input: {} as CheckpointerContext,
  },
  guards: {
    tableIsLarge: givenByRules,
    somethingWasApplied: givenByRules,
    isWrittenAndChosen: givenByRules,
  },
  actions: {
    awaitNext: givenByRules,
    noteApplied: givenByRules,
    freeze: givenByRules,
    noteFrozen: givenByRules,
    noteWritten: givenByRules,
    noteChosenDurable: givenByRules,
    switchOver: givenByRules,
    announce: givenByRules,
  },
}).createMachine({
  id: "checkpointer",
  context: ({ input }) => ({ memory: input.memory }),
  initial: "idle",
  states: {
    idle: {
      description: "The newest checkpoint is valid; the table in memory holds what came after it.",
      entry: "awaitNext",
      on: {
        tableGrew: [
          { guard: "tableIsLarge", target: "writing", actions: "noteApplied" },
          { actions: "noteApplied" },
        ],
        deadline: [{ guard: "somethingWasApplied", target: "writing" }, { actions: "awaitNext" }],
        checkpointNow: { guard: "somethingWasApplied", target: "writing" },
      },
    },
    writing: {
      description:
        "One cut at one applied index goes to disk beside the valid checkpoint, while apply goes on in a new table.",
      entry: "freeze",
      always: { guard: "isWrittenAndChosen", target: "switching" },
      on: {
        tableGrew: { actions: "noteApplied" },
        frozen: { actions: "noteFrozen" },
        written: { actions: "noteWritten" },
        chosenDurable: { actions: "noteChosenDurable" },
      },
    },
    switching: {
      description: "The written cut becomes the valid checkpoint by one atomic, durable step.",
      entry: "switchOver",
      on: {
        tableGrew: { actions: "noteApplied" },
        switched: { target: "idle", actions: "announce" },
      },
    },
  },
});

/** The bodies of the checkpointer's named guards and actions. */
import { acting } from "../acting.ts";
import { checkpointerMachine } from "./checkpointer.ts";
import type { Checkpointer, CheckpointerEvent } from "./checkpointer-memory.ts";

const on = acting<Checkpointer, CheckpointerEvent>();

export const checkpointerActor = checkpointerMachine.provide({
  guards: {
    tableIsLarge: on<"tableGrew", boolean>((checkpointer, { bytes }) =>
      checkpointer.tableIsLarge(bytes),
    ),
    somethingWasApplied: ({ context }) => context.memory.somethingWasApplied(),
    isWrittenAndChosen: ({ context }) => context.memory.isWrittenAndChosen(),
  },
  actions: {
    awaitNext: on<CheckpointerEvent["type"]>((checkpointer, { nowMs }) =>
      checkpointer.awaitNext(nowMs),
    ),
    noteApplied: on<"tableGrew">((checkpointer, { appliedThrough }) =>
      checkpointer.noteApplied(appliedThrough),
    ),
    freeze: ({ context }) => context.memory.freeze(),
    noteFrozen: on<"frozen">((checkpointer, { through }) => checkpointer.noteFrozen(through)),
    noteWritten: ({ context }) => context.memory.noteWritten(),
    noteChosenDurable: on<"chosenDurable">((checkpointer, { through }) =>
      checkpointer.noteChosenDurable(through),
    ),
    switchOver: ({ context }) => context.memory.switchOver(),
    announce: ({ context }) => context.memory.announce(),
  },
});

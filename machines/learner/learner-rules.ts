/** The bodies of the learner's named guards and actions. */
import { acting } from "../acting.ts";
import { learnerMachine } from "./learner.ts";
import type { Learner, LearnerDeadline, LearnerEvent } from "./learner-memory.ts";

const on = acting<Learner, LearnerEvent>();

function isDue(name: LearnerDeadline) {
  return on<"deadline", boolean>((_, deadline) => deadline.name === name);
}

export const learnerActor = learnerMachine.provide({
  guards: {
    lacksAppliedState: ({ context }) => context.memory.lacksAppliedState(),
    hasReplayed: ({ context }) => context.memory.hasReplayed(),
    hasGap: ({ context }) => context.memory.hasGap(),
    hasNoGap: ({ context }) => !context.memory.hasGap(),
    logIsGoneEverywhere: ({ context }) => context.memory.logIsGoneEverywhere(),
    learnIsDue: isDue("learn"),
    settleIsDue: isDue("settle"),
  },
  actions: {
    noteCommitted: on<"committed">((learner, { ballot, through, node }) =>
      learner.noteCommitted(ballot, through, node),
    ),
    noteWanted: on<"learn">((learner, { through, node }) => learner.noteWanted(through, node)),
    noteApplied: on<"applied">((learner, { through, checksumSlot, checksum, nowMs }) =>
      learner.noteApplied(through, checksumSlot, checksum, nowMs),
    ),
    compareChecksum: on<"checksumAgreed">((learner, { slot, checksum }) =>
      learner.compareChecksum(slot, checksum),
    ),
    serveLog: on<"learnRequest">((learner, request) => learner.serveLog(request)),
    replay: ({ context }) => context.memory.replay(),
    announceReady: ({ context }) => context.memory.announceReady(),
    announceNeedsSnapshot: ({ context }) => context.memory.announceNeedsSnapshot(),
    askForMissing: on<"committed" | "learn" | "installed" | "applied" | "deadline">(
      (learner, { nowMs }) => learner.askForMissing(nowMs),
    ),
    askElsewhere: on<"deadline">((learner, { nowMs }) => learner.askElsewhere(nowMs)),
    absorb: on<"learned">((learner, learned) => learner.absorb(learned)),
    noteInstalled: ({ context }) => context.memory.noteInstalled(),
    answerWanted: ({ context }) => context.memory.answerWanted(),
    stopAsking: ({ context }) => context.memory.stopAsking(),
    settle: ({ context }) => context.memory.settle(),
  },
});

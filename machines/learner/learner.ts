/**
 * The learner: finds out what was chosen, has it applied in order, and fetches what this replica missed.
 */
import { setup } from "xstate";
import type { Learner, LearnerEvent } from "./learner-memory.ts";

export interface LearnerContext {
  readonly memory: Learner;
}

const givenByRules = (): never => {
  throw new Error("learner-rules.ts provides the bodies");
};

export const learnerMachine = setup({
  types: {
    context: {} as LearnerContext,
    events: {} as LearnerEvent,
    input: {} as LearnerContext,
  },
  guards: {
    lacksAppliedState: givenByRules,
    hasReplayed: givenByRules,
    hasGap: givenByRules,
    hasNoGap: givenByRules,
    logIsGoneEverywhere: givenByRules,
    learnIsDue: givenByRules,
    settleIsDue: givenByRules,
  },
  actions: {
    noteCommitted: givenByRules,
    noteWanted: givenByRules,
    noteApplied: givenByRules,
    compareChecksum: givenByRules,
    serveLog: givenByRules,
    replay: givenByRules,
    announceReady: givenByRules,
    announceNeedsSnapshot: givenByRules,
    askForMissing: givenByRules,
    askElsewhere: givenByRules,
    absorb: givenByRules,
    noteInstalled: givenByRules,
    answerWanted: givenByRules,
    stopAsking: givenByRules,
    settle: givenByRules,
  },
}).createMachine({
  id: "learner",
  context: ({ input }) => ({ memory: input.memory }),
  initial: "recovering",
  on: {
    committed: { actions: "noteCommitted" },
    learn: { actions: "noteWanted" },
    applied: { actions: "noteApplied" },
    installed: { actions: "noteInstalled" },
    learnRequest: { actions: "serveLog" },
    checksumAgreed: { actions: "compareChecksum" },
    deadline: { guard: "settleIsDue", actions: "settle" },
  },
  states: {
    recovering: {
      description: "Decides whether checkpoint and log together still give the applied state.",
      always: [{ guard: "lacksAppliedState", target: "needsSnapshot" }, { target: "replaying" }],
    },
    replaying: {
      description:
        "Applies from the checkpoint through what the disk says is chosen, and no further: records above were merely accepted.",
      entry: "replay",
      always: { guard: "hasReplayed", target: "following", actions: "announceReady" },
    },
    following: {
      description: "Knows everything the leader has said is chosen.",
      entry: "answerWanted",
      always: { guard: "hasGap", target: "learning" },
    },
    learning: {
      description: "Misses values that are chosen, and asks for them, one bounded piece at a time.",
      entry: "askForMissing",
      exit: "stopAsking",
      always: [
        { guard: "hasNoGap", target: "following" },
        { guard: "logIsGoneEverywhere", target: "needsSnapshot" },
      ],
      on: {
        learned: { actions: "absorb" },
        installed: { actions: ["noteInstalled", "askForMissing"] },
        deadline: { guard: "learnIsDue", actions: "askElsewhere" },
      },
    },
    needsSnapshot: {
      description:
        "The applied state cannot be rebuilt from any log. The replica still votes; it neither leads nor serves.",
      entry: "announceNeedsSnapshot",
    },
  },
});

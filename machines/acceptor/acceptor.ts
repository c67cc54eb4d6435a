/**
 * The acceptor: the group's memory. It promises, accepts and grants leases; nothing it says leaves before what it
 * must remember is on disk.
 */
import { setup } from "xstate";
import type { Acceptor, AcceptorEvent } from "./acceptor-memory.ts";

export interface AcceptorContext {
  readonly memory: Acceptor;
}

const givenByRules = (): never => {
  throw new Error("acceptor-rules.ts provides the bodies");
};

export const acceptorMachine = setup({
  types: {
    context: {} as AcceptorContext,
    events: {} as AcceptorEvent,
    input: {} as AcceptorContext,
  },
  guards: {
    mayStillOweALease: givenByRules,
    guardIsOver: givenByRules,
    promisedHigher: givenByRules,
    leaseStandsInTheWay: givenByRules,
    roundIsImplausible: givenByRules,
    alreadyChosenHere: givenByRules,
    acceptedBefore: givenByRules,
    followedAHigherBallot: givenByRules,
  },
  actions: {
    startGuard: givenByRules,
    announceVoting: givenByRules,
    rejectPrepare: givenByRules,
    rejectPrepareForLease: givenByRules,
    rejectPrepareWhileGuarding: givenByRules,
    reportImplausibleRound: givenByRules,
    promise: givenByRules,
    rejectAccept: givenByRules,
    answerChosen: givenByRules,
    answerAgain: givenByRules,
    accept: givenByRules,
    passOnCommit: givenByRules,
    rejectHeartbeat: givenByRules,
    grantLease: givenByRules,
    refusePreVote: givenByRules,
    answerPreVote: givenByRules,
    releaseAnswers: givenByRules,
    install: givenByRules,
    recordChosen: givenByRules,
    noteCheckpoint: givenByRules,
    trim: givenByRules,
    trimToCheckpoint: givenByRules,
  },
}).createMachine({
  id: "acceptor",
  context: ({ input }) => ({ memory: input.memory }),
  initial: "recovering",
  on: {
    accept: [
      { guard: "promisedHigher", actions: "rejectAccept" },
      { guard: "roundIsImplausible", actions: "reportImplausibleRound" },
      { guard: "alreadyChosenHere", actions: ["answerChosen", "passOnCommit"] },
      { guard: "acceptedBefore", actions: ["answerAgain", "passOnCommit"] },
      { actions: ["accept", "passOnCommit"] },
    ],
    heartbeat: [
      { guard: "followedAHigherBallot", actions: "rejectHeartbeat" },
      { guard: "roundIsImplausible", actions: "reportImplausibleRound" },
      { actions: ["grantLease", "passOnCommit", "trim"] },
    ],
    durable: { actions: "releaseAnswers" },
    install: { actions: "install" },
    recordChosen: { actions: "recordChosen" },
    checkpointed: { actions: "noteCheckpoint" },
    logFull: { actions: "trimToCheckpoint" },
  },
  states: {
    recovering: {
      description:
        "Decides, from what the store held, whether a lease of an earlier start may still stand.",
      always: [{ guard: "mayStillOweALease", target: "guarding" }, { target: "voting" }],
    },
    guarding: {
      description:
        "For one lease length after a restart no ballot is promised: a lease granted before the restart is not remembered.",
      entry: "startGuard",
      on: {
        prepare: { actions: "rejectPrepareWhileGuarding" },
        preVote: { actions: "refusePreVote" },
        deadline: { guard: "guardIsOver", target: "voting" },
      },
    },
    voting: {
      description: "Promises and accepts.",
      entry: "announceVoting",
      on: {
        prepare: [
          { guard: "promisedHigher", actions: "rejectPrepare" },
          { guard: "roundIsImplausible", actions: "reportImplausibleRound" },
          { guard: "leaseStandsInTheWay", actions: "rejectPrepareForLease" },
          { actions: "promise" },
        ],
        preVote: { actions: "answerPreVote" },
      },
    },
  },
});

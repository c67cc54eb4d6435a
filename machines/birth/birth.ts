/**
 * Birth: how a store group's members agree, once and for all, on who they are. Nobody votes before it knows that
 * every listed member holds the same birth durably.
 */
import { setup } from "xstate";
import type { BirthEvent, Midwife } from "./birth-memory.ts";

export interface BirthContext {
  readonly memory: Midwife;
}

const givenByRules = (): never => {
  throw new Error("birth-rules.ts provides the bodies");
};

export const birthMachine = setup({
  types: {
    context: {} as BirthContext,
    events: {} as BirthEvent,
    input: {} as BirthContext,
  },
  guards: {
    isComplete: givenByRules,
    isHeld: givenByRules,
    isObserver: givenByRules,
    isInitiator: givenByRules,
    bringsAnotherStoresBirth: givenByRules,
    bringsObjectionableBirth: givenByRules,
    bringsBirth: givenByRules,
    bringsCompleteBirth: givenByRules,
    bringsThisBirthComplete: givenByRules,
    bringsThisBirth: givenByRules,
    canBear: givenByRules,
    everybodyHoldsIt: givenByRules,
  },
  actions: {
    answer: givenByRules,
    ask: givenByRules,
    noteMember: givenByRules,
    noteClusterId: givenByRules,
    noteObjection: givenByRules,
    object: givenByRules,
    adopt: givenByRules,
    bear: givenByRules,
    store: givenByRules,
    offerOrReport: givenByRules,
    reportHeld: givenByRules,
    noteHolder: givenByRules,
    storeComplete: givenByRules,
    announceBorn: givenByRules,
    offerComplete: givenByRules,
    announceLost: givenByRules,
  },
}).createMachine({
  id: "birth",
  context: ({ input }) => ({ memory: input.memory }),
  initial: "recovering",
  on: {
    birthAsk: { actions: "answer" },
  },
  states: {
    recovering: {
      description: "Goes on where the store left off.",
      always: [
        { guard: "isComplete", target: "born" },
        { guard: "isHeld", target: "holding" },
        { guard: "isObserver", target: "observing" },
        { guard: "isInitiator", target: "collecting" },
        { target: "unborn" },
      ],
    },
    observing: {
      description: "Hosts no replica of the group, but wants to know which cluster it founded.",
      entry: "ask",
      on: {
        birthAnswer: { guard: "bringsCompleteBirth", target: "born", actions: "adopt" },
        deadline: { actions: "ask" },
      },
    },
    unborn: {
      description: "Waits for the initiator's offer.",
      entry: "ask",
      on: {
        birthOffer: [
          { guard: "bringsAnotherStoresBirth", target: "lost" },
          { guard: "bringsObjectionableBirth", actions: ["noteObjection", "object"] },
          { target: "storing", actions: "adopt" },
        ],
        birthAnswer: [
          { guard: "bringsAnotherStoresBirth", target: "lost" },
          { guard: "bringsObjectionableBirth", actions: "noteObjection" },
          { guard: "bringsBirth", target: "storing", actions: "adopt" },
        ],
        clusterKnown: { actions: "noteClusterId" },
        deadline: { actions: "ask" },
      },
    },
    collecting: {
      description: "The first listed member collects every member's id, then makes the birth.",
      entry: "ask",
      always: { guard: "canBear", target: "storing", actions: "bear" },
      on: {
        birthOffer: [
          { guard: "bringsAnotherStoresBirth", target: "lost" },
          { actions: ["noteObjection", "object"] },
        ],
        birthAnswer: [
          { guard: "bringsAnotherStoresBirth", target: "lost" },
          { guard: "bringsObjectionableBirth", actions: "noteObjection" },
          { guard: "bringsBirth", target: "storing", actions: "adopt" },
          { actions: "noteMember" },
        ],
        clusterKnown: { actions: "noteClusterId" },
        deadline: { actions: "ask" },
      },
    },
    storing: {
      description: "The birth is on its way to the disk; it never changes from here on.",
      entry: "store",
      on: {
        stored: { target: "holding" },
      },
    },
    holding: {
      description: "Holds the birth durably, but does not know that all others do.",
      entry: "offerOrReport",
      always: { guard: "everybodyHoldsIt", target: "completing" },
      on: {
        birthHeld: { actions: "noteHolder" },
        birthOffer: [
          { guard: "bringsThisBirthComplete", target: "completing" },
          { guard: "bringsThisBirth", actions: "reportHeld" },
          { actions: ["noteObjection", "object"] },
        ],
        birthAnswer: [
          { guard: "bringsAnotherStoresBirth", target: "lost" },
          { guard: "bringsThisBirthComplete", target: "completing" },
          { actions: "noteObjection" },
        ],
        deadline: { actions: ["offerOrReport", "ask"] },
      },
    },
    completing: {
      description: "Everybody holds it; that knowledge is on its way to the disk.",
      entry: "storeComplete",
      on: {
        stored: { target: "born" },
      },
    },
    born: {
      description: "The group exists. Whoever asks is told.",
      entry: ["announceBorn", "offerComplete"],
      on: {
        birthHeld: { actions: "answer" },
        birthOffer: { actions: "answer" },
      },
    },
    lost: {
      description:
        "The group knows another store under this node's name: this one is empty or a copy, and never votes.",
      entry: "announceLost",
    },
  },
});

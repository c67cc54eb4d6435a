/** The bodies of the birth chart's named guards and actions. */
import { acting } from "../acting.ts";
import { birthMachine } from "./birth.ts";
import type { BirthEvent, Midwife } from "./birth-memory.ts";

const on = acting<Midwife, BirthEvent>();

export const birthActor = birthMachine.provide({
  guards: {
    isComplete: ({ context }) => context.memory.isComplete,
    isHeld: ({ context }) => context.memory.isHeld,
    isObserver: ({ context }) => context.memory.isObserver,
    isInitiator: ({ context }) => context.memory.isInitiator,
    bringsAnotherStoresBirth: on<"birthOffer" | "birthAnswer", boolean>((midwife, message) =>
      midwife.bringsAnotherStoresBirth(message),
    ),
    bringsObjectionableBirth: on<"birthOffer" | "birthAnswer", boolean>((midwife, message) =>
      midwife.bringsObjectionableBirth(message),
    ),
    bringsBirth: on<"birthAnswer", boolean>((_, { birth }) => birth !== undefined),
    bringsCompleteBirth: on<"birthAnswer", boolean>(
      (_, { birth, complete }) => complete && birth !== undefined,
    ),
    bringsThisBirthComplete: on<"birthOffer" | "birthAnswer", boolean>((midwife, message) =>
      midwife.bringsThisBirthComplete(message),
    ),
    bringsThisBirth: on<"birthOffer", boolean>((midwife, offer) => midwife.bringsThisBirth(offer)),
    canBear: ({ context }) => context.memory.canBear(),
    everybodyHoldsIt: ({ context }) => context.memory.everybodyHoldsIt(),
  },
  actions: {
    answer: on<"birthAsk" | "birthHeld" | "birthOffer">((midwife, message) =>
      midwife.answer(message),
    ),
    ask: on<BirthEvent["type"]>((midwife, { nowMs }) => midwife.ask(nowMs)),
    noteMember: on<"birthAnswer">((midwife, answer) => midwife.noteMember(answer)),
    noteClusterId: on<"clusterKnown">((midwife, { clusterId }) => midwife.noteClusterId(clusterId)),
    noteObjection: on<"birthOffer" | "birthAnswer">((midwife, message) =>
      midwife.noteObjection(message),
    ),
    object: on<"birthOffer">((midwife, offer) => midwife.object(offer)),
    adopt: on<"birthOffer" | "birthAnswer">((midwife, message) => midwife.adopt(message)),
    bear: ({ context }) => context.memory.bear(),
    store: ({ context }) => context.memory.store(false),
    offerOrReport: on<BirthEvent["type"]>((midwife, { nowMs }) => midwife.offerOrReport(nowMs)),
    reportHeld: ({ context }) => context.memory.reportHeld(),
    noteHolder: on<"birthHeld">((midwife, held) => midwife.noteHolder(held)),
    storeComplete: ({ context }) => context.memory.store(true),
    announceBorn: ({ context }) => context.memory.announceBorn(),
    offerComplete: ({ context }) => context.memory.offerComplete(),
    announceLost: on<"birthOffer" | "birthAnswer">((midwife, message) =>
      midwife.announceLost(message),
    ),
  },
});

/** The bodies of the node's named guards and actions. */
import { acting } from "../acting.ts";
import { nodeMachine } from "./node.ts";
import type { NodeEvent, NodeLife } from "./node-memory.ts";

const on = acting<NodeLife, NodeEvent>();

export const nodeActor = nodeMachine.provide({
  guards: {
    showsAnUnknownStart: on<"helloAnswer", boolean>((node, answer) =>
      node.showsAnUnknownStart(answer),
    ),
    everyReplicaSettled: ({ context }) => context.memory.everyReplicaSettled(),
    everyReplicaDrained: ({ context }) => context.memory.everyReplicaDrained(),
  },
  actions: {
    introduce: on<NodeEvent["type"]>((node, { nowMs }) => node.introduce(nowMs)),
    answerHello: on<"hello">((node, hello) => node.answerHello(hello)),
    introduceAgain: on<"helloAnswer">((node, answer) => node.introduceAgain(answer)),
    noteSettled: on<"replicaSettled">((node, { group }) => node.noteSettled(group)),
    noteDrained: on<"replicaDrained">((node, { group }) => node.noteDrained(group)),
    tellDisconnected: ({ context }) => context.memory.tellDisconnected(),
    announceServing: ({ context }) => context.memory.announceServing(),
    beginDraining: on<NodeEvent["type"]>((node, { nowMs }) => node.beginDraining(nowMs)),
    barForLostStore: on<"storeLost">((node, { group }) => node.barForLostStore(group)),
    barForRestoredStore: on<"helloAnswer">((node, answer) => node.barForRestoredStore(answer)),
    stop: ({ context }) => context.memory.stop(),
  },
});

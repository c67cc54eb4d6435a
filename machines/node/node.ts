/** The node: one server process, from its first connection to its last flush. */
import { setup } from "xstate";
import type { NodeEvent, NodeLife } from "./node-memory.ts";

export interface NodeContext {
  readonly memory: NodeLife;
}

const givenByRules = (): never => {
  throw new Error("node-rules.ts provides the bodies");
};

export const nodeMachine = setup({
  types: {
    context: {} as NodeContext,
    events: {} as NodeEvent,
    input: {} as NodeContext,
  },
  guards: {
    showsAnUnknownStart: givenByRules,
    everyReplicaSettled: givenByRules,
    everyReplicaDrained: givenByRules,
  },
  actions: {
    introduce: givenByRules,
    introduceAgain: givenByRules,
    answerHello: givenByRules,
    noteSettled: givenByRules,
    noteDrained: givenByRules,
    tellDisconnected: givenByRules,
    announceServing: givenByRules,
    beginDraining: givenByRules,
    barForLostStore: givenByRules,
    barForRestoredStore: givenByRules,
    stop: givenByRules,
  },
}).createMachine({
  id: "node",
  context: ({ input }) => ({ memory: input.memory }),
  initial: "connecting",
  on: {
    hello: { actions: "answerHello" },
    replicaSettled: { actions: "noteSettled" },
    storeLost: { target: ".barred", actions: "barForLostStore" },
    helloAnswer: [
      { guard: "showsAnUnknownStart", target: ".barred", actions: "barForRestoredStore" },
      { actions: "introduceAgain" },
    ],
  },
  states: {
    connecting: {
      description: "No broker can be reached; replicas hold still.",
      on: {
        connected: { target: "introducing" },
        drain: { target: "draining" },
      },
    },
    introducing: {
      description: "Known to the others by store and start; groups are born or recover.",
      entry: "introduce",
      always: { guard: "everyReplicaSettled", target: "serving" },
      on: {
        deadline: { actions: "introduce" },
        disconnected: { target: "connecting", actions: "tellDisconnected" },
        drain: { target: "draining" },
      },
    },
    serving: {
      description: "Every replica of this node takes part in its group.",
      entry: "announceServing",
      on: {
        disconnected: { target: "connecting", actions: "tellDisconnected" },
        drain: { target: "draining" },
      },
    },
    draining: {
      description: "Takes nothing new, hands leadership over, writes checkpoints.",
      entry: "beginDraining",
      always: { guard: "everyReplicaDrained", target: "stopped" },
      on: {
        replicaDrained: { actions: "noteDrained" },
        storeLost: { target: "stopped", actions: "barForLostStore" },
        helloAnswer: {
          guard: "showsAnUnknownStart",
          target: "stopped",
          actions: "barForRestoredStore",
        },
        deadline: { target: "stopped" },
        drain: { target: "stopped" },
      },
    },
    barred: {
      description:
        "The cluster knows a later or another store under this node's name: no replica here ever votes again.",
      on: {
        // It knows already, however many say so.
        storeLost: {},
        helloAnswer: {},
        drain: { target: "stopped" },
      },
    },
    stopped: {
      description: "Everything is on disk; the process may end.",
      type: "final",
      entry: "stop",
    },
  },
});

/**
 * The region manager: owns the region table, tells everybody where keys live, and knows how all nodes are. One per
 * node; the one on the leader of group `meta` is active.
 */
import { setup } from "xstate";
import type { RegionManager, RegionManagerEvent } from "./region-manager-memory.ts";

export interface RegionManagerContext {
  readonly memory: RegionManager;
}

const givenByRules = (): never => {
  throw new Error("region-manager-rules.ts provides the bodies");
};

export const regionManagerMachine = setup({
  types: {
    context: {} as RegionManagerContext,
    events: {} as RegionManagerEvent,
    input: {} as RegionManagerContext,
  },
  guards: {
    reportIsDue: givenByRules,
    publishIsDue: givenByRules,
  },
  actions: {
    reportSoon: givenByRules,
    report: givenByRules,
    adoptRouting: givenByRules,
    readTable: givenByRules,
    adoptTable: givenByRules,
    publish: givenByRules,
    noteReport: givenByRules,
    answerStatus: givenByRules,
    answerRegions: givenByRules,
    forgetReports: givenByRules,
  },
}).createMachine({
  id: "region-manager",
  context: ({ input }) => ({ memory: input.memory }),
  initial: "standby",
  states: {
    standby: {
      description: "Another node leads `meta`: reports to it, and routes by what it publishes.",
      entry: ["forgetReports", "reportSoon"],
      on: {
        lead: { target: "activating" },
        routing: { actions: "adoptRouting" },
        leaderChanged: { actions: "report" },
        deadline: { guard: "reportIsDue", actions: ["report", "reportSoon"] },
      },
    },
    activating: {
      description: "Leads `meta`, and reads the table as it stands behind all earlier leaders.",
      entry: "readTable",
      on: {
        tableRead: { target: "active", actions: "adoptTable" },
        nodeReport: { actions: "noteReport" },
        stopLeading: { target: "standby" },
      },
    },
    active: {
      description: "Publishes the routing table and answers for the whole cluster.",
      entry: ["report", "publish"],
      on: {
        nodeReport: { actions: "noteReport" },
        leaderChanged: { actions: ["report", "publish"] },
        statusAsked: { actions: "answerStatus" },
        regionsAsked: { actions: "answerRegions" },
        stopLeading: { target: "standby" },
        deadline: { guard: "publishIsDue", actions: ["report", "publish"] },
      },
    },
  },
});

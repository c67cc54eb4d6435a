/** The bodies of the region manager's named guards and actions. */
import { acting } from "../acting.ts";
import { regionManagerMachine } from "./region-manager.ts";
import type {
  RegionManager,
  RegionManagerDeadline,
  RegionManagerEvent,
} from "./region-manager-memory.ts";

const on = acting<RegionManager, RegionManagerEvent>();

function isDue(name: RegionManagerDeadline) {
  return on<"deadline", boolean>((_, deadline) => deadline.name === name);
}

export const regionManagerActor = regionManagerMachine.provide({
  guards: {
    reportIsDue: isDue("report"),
    publishIsDue: isDue("publish"),
  },
  actions: {
    reportSoon: on<RegionManagerEvent["type"]>((manager, { nowMs }) => manager.reportSoon(nowMs)),
    report: ({ context }) => context.memory.report(),
    adoptRouting: on<"routing">((manager, { table }) => manager.adoptRouting(table)),
    readTable: ({ context }) => context.memory.readTable(),
    adoptTable: on<"tableRead">((manager, { table }) => manager.adoptTable(table)),
    publish: on<RegionManagerEvent["type"]>((manager, { nowMs }) => manager.publish(nowMs)),
    noteReport: on<"nodeReport">((manager, report) => manager.noteReport(report)),
    answerStatus: on<"statusAsked">((manager, asked) => manager.answerStatus(asked)),
    answerRegions: on<"regionsAsked">((manager, asked) => manager.answerRegions(asked)),
    forgetReports: ({ context }) => context.memory.forgetReports(),
  },
});

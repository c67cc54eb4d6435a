/** Every class of faults there is, by name. */
import { connectionFaults } from "./connection-faults.ts";
import { crashPoints } from "./crash-points.ts";
import { networkFaults } from "./network-faults.ts";
import { processFaults } from "./process-faults.ts";
import { stagedFaults } from "./staged-faults.ts";
import { storageFaults } from "./storage-faults.ts";

export const everyFault = {
  ...networkFaults,
  ...connectionFaults,
  ...processFaults,
  ...crashPoints,
  ...storageFaults,
  ...stagedFaults,
};

export type FaultClass = keyof typeof everyFault;

export const faultClasses = Object.keys(everyFault) as FaultClass[];

const lasting: ReadonlySet<FaultClass> = new Set<FaultClass>([
  "lost log",
  "lost state",
  "reformat",
  "restored store",
  "flipped bit in the log",
  "misplaced record",
  "flipped bit in the state",
  "misplaced block",
]);

/** Those that leave no disk damaged for good. */
export const passingFaults = faultClasses.filter((name) => !lasting.has(name));

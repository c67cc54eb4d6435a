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

const lasting = [
  "lost log",
  "lost state",
  "reformat",
  "restored store",
  "flipped bit in the log",
  "misplaced record",
  "flipped bit in the state",
  "misplaced block",
] as const satisfies readonly FaultClass[];

const passing = (Object.keys(everyFault) as FaultClass[]).filter(
  (name) => !(lasting as readonly FaultClass[]).includes(name),
);

/** Those that leave no disk damaged for good. */
export const passingFaults: readonly FaultClass[] = passing;

/**
 * In the order of their turns. Those that damage a disk for good lie far apart: a run bears one of them, or two, and
 * otherwise it would always be the first.
 */
export const faultClasses: readonly FaultClass[] = passing.flatMap((name, index) => {
  const every = Math.floor(passing.length / lasting.length);
  const next = index % every === every - 1 ? lasting[Math.floor(index / every)] : undefined;
  return next === undefined ? [name] : [name, next];
});

/** They need five nodes: a majority without the leader, and one who hears neither. */
export const largeClusterFaults: ReadonlySet<FaultClass> = new Set<FaultClass>(["late teacher"]);

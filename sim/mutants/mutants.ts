/**
 * Bugs that the simulator has to find. A simulator that lets one of them pass proves nothing about the rules that the
 * mutant breaks.
 */
import { answerMutants } from "./answer-mutants.ts";
import { clientMutants } from "./client-mutants.ts";
import { leaseMutants } from "./lease-mutants.ts";
import type { Mutant } from "./mutant.ts";
import { paxosMutants } from "./paxos-mutants.ts";
import { storageMutants } from "./storage-mutants.ts";

export const mutants: readonly Mutant[] = [
  ...paxosMutants,
  ...leaseMutants,
  ...storageMutants,
  ...clientMutants,
  ...answerMutants,
];

/** A run in which nothing happened proves nothing, and neither does one in which nothing was looked at. */
import type { Judged } from "./judgement.ts";
import type { SeedOptions } from "./run-seed.ts";
import type { SimulatedCluster } from "./simulated-cluster.ts";

/** How often each of the oracles had something to look at. */
export interface Looks {
  readonly "chosen slots": number;
  readonly "votes held against disks": number;
  readonly "entries applied by several": number;
  readonly "slots known chosen": number;
  readonly "holders of leases": number;
  readonly "entries accepted by all in the calm": number;
  readonly "answers with a place": number;
  readonly "writes found in logs": number;
  readonly "keys searched": number;
  readonly "audits of the bank": number;
  readonly "reads with a date": number;
  readonly "answers found by revision": number;
  readonly "keys that expired": number;
}

export function looksOf(
  { chosen, persisted, applied, progress, leases, acceptances }: SimulatedCluster,
  { foundByRevision, expired, placed, outcomes, checked, undecided, audits, dated }: Judged,
): Looks {
  return {
    "chosen slots": chosen.chosenSlots,
    "votes held against disks": persisted.checked,
    "entries applied by several": applied.compared,
    "slots known chosen": progress.confirmed,
    "holders of leases": leases.looked,
    "entries accepted by all in the calm": acceptances.complete,
    "answers with a place": placed,
    "writes found in logs": outcomes.found,
    "keys searched": checked - undecided,
    "audits of the bank": audits,
    "reads with a date": dated,
    "answers found by revision": foundByRevision,
    "keys that expired": expired,
  };
}

/** What a run has to contain. */
export interface Contents {
  readonly nodes: number;
  readonly answered: number;
  /** Faults; undefined where some were left out on purpose. */
  readonly struck: number | undefined;
  readonly registers: number;
  readonly registersUndecided: number;
  readonly looks: Looks;
}

const usualFaultsMs = 20_000;

/** What a cluster of one never has. */
const takesSeveral: ReadonlySet<string> = new Set([
  "votes held against disks",
  "entries applied by several",
]);
/** Where something is wrong to the end there may be none. A set of runs has to have it. */
const inTheCalm = "entries accepted by all in the calm";

/** More of them than that, and the search was not one. */
const undecidedShareMax = 0.1;

export function lackingInRun(contents: Contents): readonly string[] {
  const { nodes, answered, struck, registers, registersUndecided, looks } = contents;
  const lacking = Object.entries(looks)
    .filter(([what, times]) => times === 0 && what !== inTheCalm)
    .filter(([what]) => nodes > 1 || !takesSeveral.has(what))
    .map(([what]) => `no ${what}`);
  if (answered === 0) lacking.push("no answers");
  if (struck === 0) lacking.push("no faults");
  if (registersUndecided > registers * undecidedShareMax) lacking.push("too many undecided keys");
  return lacking;
}

/** What is lacking, why, and what to do about it. */
export function vacuityText(
  lacking: readonly string[],
  { faultsMs = usualFaultsMs }: Omit<SeedOptions, "seed">,
): string {
  const what = lacking.join(", ");
  if (faultsMs < usualFaultsMs) {
    return `the run was too short to prove anything: it has ${what}. Nothing is known to be wrong with what ran; give it more than ${faultsMs} ms under faults (--faults-ms, usually ${usualFaultsMs})`;
  }
  return `the run was too small to prove anything: it has ${what}. Nothing is known to be wrong with what ran; where options made it small leave them out, otherwise what the simulator does to a run of this seed is not enough`;
}

/** On purpose: it need not contain what a whole run does. */
export function isMadeSmaller(options: Omit<SeedOptions, "seed">): boolean {
  const { without, clients, rawClients, bankers, keys, watchers } = options;
  return [without, clients, rawClients, bankers, keys, watchers].some((own) => own !== undefined);
}

/** What a set of seeds has to contain, lest it prove nothing. */
import { kindsOfAnswers, kindsOfFailures } from "../oracles/told-kinds.ts";
import { faultClasses, largeClusterFaults } from "../faults/every-fault.ts";
import type { SeedReport } from "../run-seed.ts";

/** So many seeds are a set that has to show what it contains. */
const seedsOfASet = 10;
/** Of each run, on average: a second of calm has some hundred. */
const calmEntriesMin = 20;
/** Among so many every class of faults has had its turn several times; some rarely find what they need to strike. */
export const seedsOfMostFaults = 12;
const seedsOfAllFaults = 60;
const mostFaults = 0.75;

/** Classes of which none struck, although there were nodes enough for them. */
export function neverStruckIn(reports: readonly SeedReport[]): readonly string[] {
  return faultClasses.filter(
    (fault) =>
      reports.some(({ nodes }) => nodes >= 5 || !largeClusterFaults.has(fault)) &&
      reports.every(({ faults }) => (faults[fault] ?? 0) === 0),
  );
}

/** Empty for a few seeds, which may lack anything. */
export function lackingIn(reports: readonly SeedReport[]): readonly string[] {
  if (reports.length < seedsOfASet) return [];
  const total = (count: (report: SeedReport) => number): number =>
    reports.reduce((sum, report) => sum + count(report), 0);
  const lacking = lackingFaults(reports);
  if (total(({ leaderChanges }) => leaderChanges) === 0) lacking.push("no change of leaders");
  if (total(({ checkpoints }) => checkpoints) < 3) lacking.push("fewer than three checkpoints");
  if (total(({ trims }) => trims) < 3) lacking.push("fewer than three trims");
  if (total(({ watchRestarts }) => watchRestarts) < 3)
    lacking.push("fewer than three restarts of a watch");
  if (reports.every(({ leftBroken }) => leftBroken === 0)) {
    lacking.push("no majority that went on alone");
  }
  const several = reports.filter(({ nodes }) => nodes > 1).length;
  if (total(calmEntries) < several * calmEntriesMin) lacking.push("not enough calm");
  if (total(({ outcomesUnknown }) => outcomesUnknown) === 0) lacking.push("no unknown outcome");
  for (const kind of [...kindsOfAnswers, ...kindsOfFailures]) {
    if (total(({ told }) => told[kind] ?? 0) === 0) lacking.push(`nothing told of kind ${kind}`);
  }
  const undecided = total(({ registersUndecided }) => registersUndecided);
  if (undecided * 10 > total(({ registers }) => registers)) lacking.push("too many undecided keys");
  return lacking;
}

/** Entries that were proposed and accepted while nothing was wrong. */
export function calmEntries({ looks }: SeedReport): number {
  return looks["entries accepted by all in the calm"];
}

function lackingFaults(reports: readonly SeedReport[]): string[] {
  const neverStruck = neverStruckIn(reports);
  if (reports.length >= seedsOfAllFaults) return neverStruck.map((fault) => `no ${fault}`);
  const isMost = neverStruck.length <= faultClasses.length * (1 - mostFaults);
  return reports.length < seedsOfMostFaults || isMost ? [] : ["not most classes of faults"];
}

/** What a set of seeds has to contain, lest it prove nothing. */
import { kindsOfAnswers, kindsOfFailures } from "../oracles/told-kinds.ts";
import { faultClasses } from "../nemesis.ts";
import type { SeedReport } from "../run-seed.ts";

/** So many seeds are a set that has to show what it contains; among more of them every kind of fault has its turn. */
const seedsOfASet = 5;
const seedsOfAllFaults = 12;

/** Empty for a few seeds, which may lack anything. */
export function lackingIn(reports: readonly SeedReport[]): readonly string[] {
  if (reports.length < seedsOfASet) return [];
  const total = (count: (report: SeedReport) => number): number =>
    reports.reduce((sum, report) => sum + count(report), 0);
  const unstruck = faultClasses.filter((fault) => total(({ faults }) => faults[fault] ?? 0) === 0);
  const everyFault = reports.length >= seedsOfAllFaults;
  const lacking = everyFault ? unstruck.map((fault) => `no ${fault}`) : [];
  if (total(({ leaderChanges }) => leaderChanges) === 0) lacking.push("no change of leaders");
  if (total(({ checkpoints }) => checkpoints) < 3) lacking.push("fewer than three checkpoints");
  if (total(({ trims }) => trims) < 3) lacking.push("fewer than three trims");
  if (total(({ watchRestarts }) => watchRestarts) < 3)
    lacking.push("fewer than three restarts of a watch");
  if (reports.every(({ leftBroken }) => leftBroken === 0)) {
    lacking.push("no majority that went on alone");
  }
  if (total(({ outcomesUnknown }) => outcomesUnknown) === 0) lacking.push("no unknown outcome");
  for (const kind of [...kindsOfAnswers, ...kindsOfFailures]) {
    if (total(({ told }) => told[kind] ?? 0) === 0) lacking.push(`nothing told of kind ${kind}`);
  }
  const undecided = total(({ registersUndecided }) => registersUndecided);
  if (undecided * 10 > total(({ registers }) => registers)) lacking.push("too many undecided keys");
  return lacking;
}

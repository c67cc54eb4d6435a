/**
 * Runs seeds and prints one line for each: `npm run sim -- --seeds 20 --seed-start 1`, or `--seed 7` to run one again.
 * Ends with 1 when a check failed.
 */
import { forbidImpurity } from "./impurity.ts";
import { faultClasses } from "./nemesis.ts";
import { parseOptions } from "./options.ts";
import { runSeed, type SeedOptions, type SeedReport } from "./run-seed.ts";
import { formatStrikeNumbers } from "./strike-numbers.ts";
import { Violation } from "./violation.ts";

const options = parseOptions(process.argv.slice(2));

/** So many seeds are a set that has to show what it contains; among more of them every kind of fault has its turn. */
const seedsOfASet = 5;
const seedsOfAllFaults = 12;

const readRealClock = performance.now.bind(performance);
forbidImpurity();

const { faults, faultsMs, nodes, phase1, phase2, without } = options;
const first = options.seed ?? options.seedStart;
const count = options.seed === undefined ? options.seeds : 1;
const shared = {
  nodes,
  faultsMs,
  ...(phase1 === undefined || phase2 === undefined ? {} : { quorums: { phase1, phase2 } }),
  ...(faults === undefined ? {} : { faults }),
  ...(without === undefined ? {} : { without }),
  ...sizes(),
};
let failures = 0;
const reports: SeedReport[] = [];
let tried = 0;
for (let seed = first; seed < first + count; seed++) {
  runOne({ ...shared, seed });
  tried += 1;
  if (failures > 0 && options.untilFailure) break;
}
const lacking = tried >= seedsOfASet && faults === undefined ? lackingIn(reports) : [];
for (const what of lacking) console.log(`VACUOUS  ${what}`);
console.log(`${tried - failures} seeds passed, ${failures} failed`);
process.exitCode = failures === 0 && lacking.length === 0 ? 0 : 1;

function runOne(seedOptions: SeedOptions): void {
  const startedMs = readRealClock();
  try {
    const report = runSeed(seedOptions);
    reports.push(report);
    if (options.twice) requireSameRun(report, runSeed(seedOptions));
    const seconds = ((readRealClock() - startedMs) / 1_000).toFixed(1);
    console.log(`${lineOf(report)}  ${seconds} s`);
  } catch (error) {
    failures += 1;
    console.log(`seed ${seedOptions.seed}  ${nodes} nodes  ${textOf(error)}`);
    console.log(`  replay with: ${commandOf(seedOptions)}`);
  }
}

/** What a set of seeds this large has to contain, lest it prove nothing. */
function lackingIn(reports: readonly SeedReport[]): readonly string[] {
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
  const undecided = total(({ registersUndecided }) => registersUndecided);
  if (undecided * 10 > total(({ registers }) => registers)) lacking.push("too many undecided keys");
  return lacking;
}

function requireSameRun(one: SeedReport, other: SeedReport): void {
  if (one.traceHash === other.traceHash && one.events === other.events) return;
  throw new Violation(
    "two runs of a seed are the same run",
    `hash ${one.traceHash} after ${one.events} events, then ${other.traceHash} after ${other.events}`,
  );
}

function lineOf(report: SeedReport): string {
  const struck = Object.entries(report.faults)
    .filter(([, times]) => times > 0)
    .map(([fault, times]) => (times === 1 ? fault : `${times} ${fault}`));
  return [
    `seed ${report.seed}`,
    `${report.nodes} nodes`,
    `${report.answered} answered`,
    `${report.failed} failed`,
    `${report.chosenSlots} slots`,
    `${report.leaderChanges} leader changes`,
    `${report.checkpoints} checkpoints`,
    `${report.trims} trims`,
    `${report.watched} watched`,
    `hash ${report.traceHash}`,
    `[${struck.join(", ")}]`,
  ].join("  ");
}

function textOf(error: unknown): string {
  if (error instanceof Violation) return `VIOLATED  ${error.message}`;
  return `BROKEN  ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`;
}

function sizes(): Pick<SeedOptions, "clients" | "rawClients" | "watchers" | "keys"> {
  const { clients, rawClients, watchers, keys } = options;
  return {
    ...(clients === undefined ? {} : { clients }),
    ...(rawClients === undefined ? {} : { rawClients }),
    ...(watchers === undefined ? {} : { watchers }),
    ...(keys === undefined ? {} : { keys }),
  };
}

function commandOf({ seed, quorums }: SeedOptions): string {
  const phases =
    quorums === undefined ? "" : ` --phase1 ${quorums.phase1} --phase2 ${quorums.phase2}`;
  const only = faults === undefined ? "" : ` --faults "${faults.join(",")}"`;
  const length = faultsMs === 20_000 ? "" : ` --faults-ms ${faultsMs}`;
  const left = without === undefined ? "" : ` --without ${formatStrikeNumbers(without)}`;
  const size = Object.entries(sizes())
    .map(([name, count]) => ` --${name === "rawClients" ? "raw-clients" : name} ${count}`)
    .join("");
  return `npm run sim -- --seed ${seed} --nodes ${nodes}${phases}${length}${only}${left}${size}`;
}

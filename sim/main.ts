/**
 * Runs seeds and prints one line for each: `npm run sim -- --seeds 20 --seed-start 1`, or `--seed 7` to run one again.
 * Ends with 1 when a check failed.
 */
import { parseArgs } from "node:util";
import { forbidImpurity } from "./impurity.ts";
import { faultClasses, type FaultClass } from "./nemesis.ts";
import { runSeed, type SeedOptions, type SeedReport } from "./run-seed.ts";
import { Violation } from "./violation.ts";

const { values } = parseArgs({
  options: {
    seed: { type: "string" },
    seeds: { type: "string", default: "10" },
    "seed-start": { type: "string", default: "1" },
    nodes: { type: "string", default: "3" },
    "faults-ms": { type: "string", default: "20000" },
    /** Comma-separated; all classes when left out. */
    faults: { type: "string" },
    /** Flexible quorums, both or neither. */
    phase1: { type: "string" },
    phase2: { type: "string" },
    "until-failure": { type: "boolean", default: false },
    /** Runs each seed a second time and compares. */
    twice: { type: "boolean", default: false },
  },
});

/** So many seeds are a set that has to show what it contains; among more of them every kind of fault has its turn. */
const seedsOfASet = 5;
const seedsOfAllFaults = 12;

const readRealClock = performance.now.bind(performance);
forbidImpurity();

const first = wholeNumber(values.seed ?? values["seed-start"]);
const count = values.seed === undefined ? wholeNumber(values.seeds) : 1;
const shared = {
  nodes: nodeCount(values.nodes),
  faultsMs: wholeNumber(values["faults-ms"]),
  ...(values.phase1 === undefined || values.phase2 === undefined
    ? {}
    : { quorums: { phase1: wholeNumber(values.phase1), phase2: wholeNumber(values.phase2) } }),
  ...(values.faults === undefined ? {} : { faults: values.faults.split(",").map(faultClass) }),
};
let failures = 0;
const reports: SeedReport[] = [];
let tried = 0;
for (let seed = first; seed < first + count; seed++) {
  runOne({ ...shared, seed });
  tried += 1;
  if (failures > 0 && values["until-failure"]) break;
}
const lacking = tried >= seedsOfASet && values.faults === undefined ? lackingIn(reports) : [];
for (const what of lacking) console.log(`VACUOUS  ${what}`);
console.log(`${tried - failures} seeds passed, ${failures} failed`);
process.exitCode = failures === 0 && lacking.length === 0 ? 0 : 1;

function runOne(options: SeedOptions): void {
  const startedMs = readRealClock();
  try {
    const report = runSeed(options);
    reports.push(report);
    if (values.twice) requireSameRun(report, runSeed(options));
    const seconds = ((readRealClock() - startedMs) / 1_000).toFixed(1);
    console.log(`${lineOf(report)}  ${seconds} s`);
  } catch (error) {
    failures += 1;
    console.log(`seed ${options.seed}  ${options.nodes} nodes  ${textOf(error)}`);
    console.log(`  replay with: ${commandOf(options)}`);
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
    `hash ${report.traceHash}`,
    `[${struck.join(", ")}]`,
  ].join("  ");
}

function textOf(error: unknown): string {
  if (error instanceof Violation) return `VIOLATED  ${error.message}`;
  return `BROKEN  ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`;
}

function commandOf({ seed, nodes, faultsMs, quorums }: SeedOptions): string {
  const phases =
    quorums === undefined ? "" : ` --phase1 ${quorums.phase1} --phase2 ${quorums.phase2}`;
  const faults = values.faults === undefined ? "" : ` --faults "${values.faults}"`;
  const length = faultsMs === 20_000 ? "" : ` --faults-ms ${faultsMs}`;
  return `npm run sim -- --seed ${seed} --nodes ${nodes}${phases}${length}${faults}`;
}

function wholeNumber(text: string): number {
  const number = Number(text);
  if (!Number.isSafeInteger(number) || number < 0) throw new Error(`${text} is no whole number`);
  return number;
}

function nodeCount(text: string): 1 | 3 | 5 | 7 {
  const nodes = ([1, 3, 5, 7] as const).find((count) => String(count) === text);
  if (nodes === undefined) throw new Error(`a cluster has 1, 3, 5 or 7 nodes, not ${text}`);
  return nodes;
}

function faultClass(name: string): FaultClass {
  const found = faultClasses.find((fault) => fault === name);
  if (found === undefined) throw new Error(`no fault is called ${name}`);
  return found;
}

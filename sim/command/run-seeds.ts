/** Runs one seed or many, says what came of each as they end, in order, and what all of them came to. */
import { writeFileSync } from "node:fs";
import type { RecordingRequest } from "../trace/recording.ts";
import type { SeedOptions, SeedReport } from "../run-seed.ts";
import { isMadeSmaller } from "../vacuity.ts";
import { announcementLines } from "./announcement.ts";
import { interruptedCode, listenForInterruption } from "./interruption.ts";
import { replayCommand } from "./replay-command.ts";
import { failedLines, faultTotals, passedLine, summaryLines } from "./report-lines.ts";
import type { SeedOutcome } from "./seed-job.ts";
import type { SeedThreads } from "./seed-threads.ts";
import { SeedsProgress } from "./seeds-progress.ts";
import { writeRecording } from "./write-recording.ts";
import { lackingIn, neverStruckIn, seedsOfMostFaults } from "./set-vacuity.ts";
import type { SimulationOptions } from "./sim-options.ts";
import type { Caller } from "./simulate.ts";

interface SeedsRun {
  readonly options: SimulationOptions;
  readonly shared: Omit<SeedOptions, "seed">;
  readonly threads: SeedThreads;
  readonly caller: Caller;
}

interface SeedResult {
  readonly seed: number;
  readonly outcome: SeedOutcome;
  readonly replay: string;
}

export async function runSeeds(run: SeedsRun): Promise<number> {
  const { options, threads, caller } = run;
  const startedMs = performance.now();
  const cpuBefore = process.cpuUsage();
  const results: SeedResult[] = [];
  const interruption = listenForInterruption();
  for (const line of announcementLines(options, run.shared)) caller.print(line);
  const progress = new SeedsProgress(countOf(options));
  const all = runAll(run, results, startedMs, progress);
  const ended = await Promise.race([all, interruption.promise]).finally(() => progress.end());
  if (ended === "interrupted") await threads.stop();

  const reports = reportsOf(results);
  const failed = results.length - reports.length;
  const isWhole = ended === "done" && !isMadeSmaller(run.shared) && options.faults === undefined;
  const lacking = isWhole ? lackingIn(reports) : [];
  for (const what of lacking) caller.print(`VACUOUS  ${what}`);
  const neverStruck = isWhole && reports.length >= seedsOfMostFaults ? neverStruckIn(reports) : [];
  if (ended === "interrupted") caller.print("interrupted");
  const { user, system } = process.cpuUsage(cpuBefore);
  const figures = { realMs: performance.now() - startedMs, cpuMs: (user + system) / 1_000 };
  const runsPerSeed = options.twice ? 2 : 1;
  for (const line of summaryLines(reports, failed, { ...figures, runsPerSeed })) {
    caller.print(line);
  }
  if (neverStruck.length > 0) caller.print(`never struck: ${neverStruck.join(", ")}`);
  if (options.json !== undefined) {
    const held = failed === 0 && lacking.length === 0;
    const summary = {
      ended,
      held,
      passed: reports.length,
      failed,
      lacking,
      neverStruck,
      ...figures,
    };
    writeFileSync(options.json, jsonText(results, summary));
  }
  if (failed > 0 || lacking.length > 0) return 1;
  return ended === "interrupted" ? interruptedCode : 0;
}

async function runAll(
  run: SeedsRun,
  results: SeedResult[],
  startedMs: number,
  progress: SeedsProgress,
): Promise<"done"> {
  const { options, shared, threads, caller } = run;
  const first = options.seed ?? options.seedStart;
  const through = first + countOf(options) - 1;
  const untilMs = options.minutes === undefined ? Infinity : startedMs + options.minutes * 60_000;
  const begun: Promise<SeedResult>[] = [];
  let next = first;
  for (;;) {
    while (begun.length < options.jobs && next <= through && performance.now() < untilMs) {
      begun.push(runOne(next));
      next += 1;
    }
    const result = await begun.shift();
    if (result === undefined) return "done";
    results.push(result);
    progress.seedEnded(() => {
      for (const line of recordingLines(result, options)) caller.print(line);
      for (const line of linesOf(result, options.nodes)) caller.print(line);
    });
    if (result.outcome.kind === "failed" && options.untilFailure) return "done";
  }

  async function runOne(seed: number): Promise<SeedResult> {
    const seedOptions = { ...shared, seed };
    const replay = replayCommand(caller.invocation, seedOptions);
    const isShown = options.seed !== undefined && (options.trace !== "none" || options.out);
    const job = {
      options: seedOptions,
      twice: options.twice,
      ...(isShown ? { recording: recordingRequest(options, replay) } : {}),
    };
    const outcome = await threads.run(job).catch(outcomeOfLostThread);
    return { seed, outcome, replay };
  }
}

/** Its memory was not enough, for one. The other seeds go on. */
function outcomeOfLostThread(failure: Error): SeedOutcome {
  const { name: check, message: text } = failure;
  const nothing = { realMs: 0, endedMs: 0, strikes: [] };
  return { kind: "failed", check, isViolation: false, text, details: text, ...nothing };
}

export function recordingRequest(options: SimulationOptions, title: string): RecordingRequest {
  const { trace, traceLines, traceGroup, traceFrom, traceThrough } = options;
  const wanted = {
    ...(traceGroup === undefined ? {} : { group: traceGroup }),
    ...(traceFrom === undefined ? {} : { fromMs: traceFrom }),
    ...(traceThrough === undefined ? {} : { throughMs: traceThrough }),
  };
  return { level: trace, linesMax: traceLines, wanted, title };
}

/** Also writes what is to be kept of it. */
function recordingLines(
  { outcome, replay }: SeedResult,
  { trace, out }: SimulationOptions,
): readonly string[] {
  const { recording } = outcome;
  if (recording === undefined) return [];
  const files = out === undefined ? [] : writeRecording(out, recording, replay);
  const written = files.map((file) => `written: ${file}`);
  return trace === "none" ? written : [...recording.trace, "", ...written];
}

function countOf({ seed, seeds, minutes }: SimulationOptions): number {
  if (seed !== undefined) return 1;
  return minutes === undefined ? seeds : Infinity;
}

function linesOf({ seed, outcome, replay }: SeedResult, nodes: number): readonly string[] {
  if (outcome.kind === "passed") return [passedLine(outcome.report, outcome.realMs)];
  return failedLines(seed, nodes, outcome, replay);
}

function reportsOf(results: readonly SeedResult[]): readonly SeedReport[] {
  return results.flatMap(({ outcome }) => (outcome.kind === "passed" ? [outcome.report] : []));
}

function jsonText(results: readonly SeedResult[], summary: object): string {
  const seeds = results.map(({ seed, outcome, replay }) => {
    const { recording: _, ...rest } = outcome;
    return { seed, replay, ...rest };
  });
  const totals = { faults: faultTotals(reportsOf(results)) };
  return `${JSON.stringify({ summary: { ...summary, ...totals }, seeds }, undefined, 2)}\n`;
}

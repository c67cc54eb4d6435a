/** Runs one seed and says what became of it. */
import { runSeed, type SeedReport } from "../run-seed.ts";
import { Violation } from "../violation.ts";
import { StrikeRecorder } from "./strike-recorder.ts";
import type { SeedFailed, SeedJob, SeedOutcome } from "./seed-job.ts";

export function answer({ options, twice }: SeedJob, readRealClock: () => number): SeedOutcome {
  const startedMs = readRealClock();
  const recorder = new StrikeRecorder();
  const close = (): Pick<SeedOutcome, "realMs" | "strikes"> => {
    return { realMs: readRealClock() - startedMs, strikes: recorder.strikes };
  };
  try {
    const report = runSeed(options, recorder);
    if (twice) requireSameRun(report, runSeed(options));
    return { kind: "passed", report, ...close() };
  } catch (error) {
    return { ...failureOf(error), ...close() };
  }
}

function requireSameRun(one: SeedReport, other: SeedReport): void {
  if (one.traceHash === other.traceHash && one.events === other.events) return;
  throw new Violation(
    "two runs of a seed are the same run",
    `hash ${one.traceHash} after ${one.events} events, then ${other.traceHash} after ${other.events}`,
  );
}

function failureOf(error: unknown): SeedFailed {
  if (error instanceof Violation) {
    const { check, message } = error;
    return { kind: "failed", check, isViolation: true, text: message, details: message };
  }
  const { name, message, stack } = error instanceof Error ? error : new Error(String(error));
  const details = stack ?? message;
  return { kind: "failed", check: name, isViolation: false, text: message, details };
}

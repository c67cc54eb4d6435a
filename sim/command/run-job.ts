/** Runs one seed and says what became of it. */
import { runSeed, type SeedReport } from "../run-seed.ts";
import { Violation } from "../violation.ts";
import { recordingOf } from "../trace/recording.ts";
import { RunRecorder } from "../trace/run-recorder.ts";
import { strikeIn, StrikeRecorder } from "./strike-recorder.ts";
import type { SeedFailed, SeedJob, SeedOutcome } from "./seed-job.ts";

export function answer(job: SeedJob, readRealClock: () => number): SeedOutcome {
  const { options, twice } = job;
  const startedMs = readRealClock();
  const observer = job.recording === undefined ? new StrikeRecorder() : new RunRecorder();
  const close = (violation?: Violation): Omit<SeedOutcome, "kind"> => {
    const figures = { realMs: readRealClock() - startedMs, endedMs: observer.nowMs };
    if (observer instanceof StrikeRecorder) return { ...figures, strikes: observer.strikes };
    const strikes = observer.events.flatMap((event) => {
      return event.kind === "noted" ? (strikeIn(event.line) ?? []) : [];
    });
    const recording = job.recording && recordingOf(observer, job.recording, violation);
    return { ...figures, strikes, ...(recording === undefined ? {} : { recording }) };
  };
  try {
    const report = runSeed(options, observer);
    if (twice) requireSameRun(report, runSeed(options));
    return { kind: "passed", report, ...close() };
  } catch (error) {
    return { ...failureOf(error), ...close(error instanceof Violation ? error : undefined) };
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

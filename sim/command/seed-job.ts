/** What is asked of a thread that runs seeds, and what it answers. Both are plain values: they are copied on the way. */
import type { FaultClass } from "../nemesis.ts";
import type { Recording, RecordingRequest } from "../trace/recording.ts";
import type { SeedOptions, SeedReport } from "../run-seed.ts";

export interface SeedJob {
  readonly options: SeedOptions;
  /** Runs it again and compares. */
  readonly twice: boolean;
  readonly recording?: RecordingRequest;
}

/** A strike of the nemesis in a run. */
export interface KnownStrike {
  readonly number: number;
  readonly fault: FaultClass;
  readonly node: string;
  readonly atMs: number;
}

export interface SeedPassed {
  readonly kind: "passed";
  readonly report: SeedReport;
}

export interface SeedFailed {
  readonly kind: "failed";
  /** Name of the check; of an exception that is no check, its name. */
  readonly check: string;
  readonly isViolation: boolean;
  readonly text: string;
  /** What it says of itself, with the stack where it is no check's. */
  readonly details: string;
}

export type SeedOutcome = (SeedPassed | SeedFailed) & {
  readonly realMs: number;
  readonly strikes: readonly KnownStrike[];
  /** Virtual time at its end. */
  readonly endedMs: number;
  /** Where one was asked for. */
  readonly recording?: Recording;
};

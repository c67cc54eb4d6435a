/** What is kept of a run, as `--json` writes it. */
import type { Machine } from "../throughput/machine.ts";
import type { Cell } from "./cell.ts";
import type { ContestantName } from "./contestant.ts";
import type { LatencyUs } from "./task.ts";

/** One system at one cell in one round. */
export interface Measurement {
  readonly round: number;
  readonly seconds: number;
  readonly operationsPerSecond: number;
  readonly latencyUs: LatencyUs;
  /** Of all processes of the system together. */
  readonly cpuSecondsPerThousand: { readonly servers: number; readonly client: number };
  /** Memory that no file backs, of the system's processes without the client: the most of all looks at it. */
  readonly anonymousMiB: number;
  readonly errors: Readonly<Record<string, number>>;
  /** Compare-and-set: how often an operation was refused, because somebody else was first, before it came through. */
  readonly conflictsPerOperation: number;
  readonly unfinished: number;
  /** Of Synod: of the replica that made the fewest, within the measurement. */
  readonly checkpoints?: number;
  readonly trims?: number;
  /** A process of the system ended and was started again. */
  readonly disturbed?: true;
  /** How many cores were busy with something else. */
  readonly coresUsedByOthers: number;
}

export interface Failed {
  readonly round: number;
  readonly failure: string;
}

export interface CellResult {
  readonly cell: Cell;
  /** In the order of the rounds. */
  readonly measured: Partial<Record<ContestantName, readonly (Measurement | Failed)[]>>;
}

export interface ContestantReport {
  readonly name: ContestantName;
  readonly version: string;
  readonly durability: string;
  readonly client: string;
  readonly connections: number;
  readonly loadSeconds: number;
}

export interface Skipped {
  readonly name: ContestantName;
  /** The line that installs it. */
  readonly install: string;
}

export interface ComparisonResult {
  /** As in 2026-01-31. */
  readonly day: string;
  readonly machine: Machine;
  readonly options: {
    readonly rounds: number;
    readonly brief: boolean;
    readonly seconds: number;
    readonly warmUpSeconds: number;
    readonly keys: number;
    readonly spreadKeys: boolean;
    readonly subscribers: number;
    readonly quick: boolean;
  };
  readonly contestants: readonly ContestantReport[];
  readonly skipped: readonly Skipped[];
  readonly cells: readonly CellResult[];
}

export function isMeasured(result: Measurement | Failed): result is Measurement {
  return !("failure" in result);
}

/** What is kept of a run, as `--json` writes it. */
import type { Machine } from "../throughput/machine.ts";
import type { PutCost } from "./growth.ts";
import type { Restart } from "./restart.ts";

/** Memory that no file backs (`RssAnon`), of the largest of the nodes; LMDB's map is not in it. */
export interface Memory {
  /** After all keys were loaded, when checkpoints and merges had caught up. */
  readonly loadedMiB: number;
  /** At its highest while all callers put. */
  readonly busyMiB: number;
  /** Some seconds later. */
  readonly idleMiB: number;
  /** On disk, of one node. */
  readonly stateMiB: number;
}

export interface CapacityResult {
  /** As in 2026-01-31. */
  readonly day: string;
  readonly machine: Machine;
  readonly natsServer: string;
  readonly options: {
    readonly keys: number;
    readonly callers: number;
    readonly valueBytes: number;
    readonly seconds: number;
    readonly quick: boolean;
  };
  readonly growth: readonly PutCost[];
  readonly memory: Memory | undefined;
  readonly restarts: readonly Restart[];
}

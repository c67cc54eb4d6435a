/** What one caller does again and again. */
import type { DriverTask } from "../comparison/task.ts";

/**
 * In two parts, so that whoever calls waits for the store's own promise: everything between a caller and its store is
 * measured with it, and a promise of one's own for each operation is a tenth of what a client's get costs.
 */
export interface Operation {
  /** Begins one, by one of the callers. Rejects with what went wrong. */
  begin(caller: number, startMs: number): Promise<unknown>;
  /** Of what `begin` resolved to. Tells the recorder, unless its parts did; throws what is wrong with it. */
  end(result: unknown, startMs: number): void;
}

/** Trying again is of no use. */
export class Unsupported extends Error {
  constructor({ system, workload }: DriverTask) {
    super(`${system} has no workload ${workload}`);
  }
}

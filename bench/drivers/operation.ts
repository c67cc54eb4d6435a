/** What one caller does again and again. */
import type { DriverTask } from "../comparison/task.ts";

/** By one of the callers. It tells the recorder when it is done, or its parts are; it throws what went wrong. */
export type Operation = (caller: number, startMs: number) => Promise<void>;

/** Trying again is of no use. */
export class Unsupported extends Error {
  constructor({ system, workload }: DriverTask) {
    super(`${system} has no workload ${workload}`);
  }
}

/** A thread whose work can wait gives way to those that somebody waits for. */
import { constants, getPriority, setPriority } from "node:os";

/** A quarter of the processor's time beside one thread that always wants it, so that it gets on however busy others are. */
const niceness = 5;

/**
 * Lowers the priority of the thread that calls it, for good. Only where the system has priorities of threads and takes 0
 * as the caller's own (Linux, setpriority(2)): elsewhere it would be the whole process.
 */
export function giveWay(): void {
  if (process.platform !== "linux") return;
  try {
    // The process may have been given a lower priority than others: less than that is not allowed, nor wanted.
    setPriority(0, Math.min(constants.priority.PRIORITY_LOW, getPriority(0) + niceness));
  } catch {
    // Where a service may not change priorities it works like the others.
  }
}

/**
 * A thread that says every millisecond how many have passed. Timers of the event loop are a millisecond late now and
 * then even when it is idle, which would be measured as latency.
 */
import { isMainThread, parentPort, workerData } from "node:worker_threads";

export interface PacerTask {
  /** Milliseconds to tell of. */
  readonly ticks: number;
}

export interface PacerTick {
  /** When the first millisecond began, on the clock of `process.hrtime`, which all threads share. */
  readonly beganMs: number;
  /** How many have passed since. */
  readonly passed: number;
}

/** Of the clock that all threads share. */
export function sharedClockMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

function pace({ ticks }: PacerTask): void {
  const nobodyWakes = new Int32Array(new SharedArrayBuffer(4));
  const beganMs = sharedClockMs();
  for (let passed = 0; passed < ticks;) {
    const waitMs = beganMs + passed + 1 - sharedClockMs();
    if (waitMs > 0) Atomics.wait(nobodyWakes, 0, 0, waitMs);
    passed = Math.min(ticks, Math.floor(sharedClockMs() - beganMs));
    const tick: PacerTick = { beganMs, passed };
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
    parentPort?.postMessage(tick);
  }
}

if (!isMainThread) pace(workerData as PacerTask);

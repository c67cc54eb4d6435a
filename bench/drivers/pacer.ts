/**
 * A thread that says every millisecond how many have passed. Timers of the event loop are a millisecond late now and
 * then even when it is idle, which would be measured as latency.
 */
import { parentPort, workerData } from "node:worker_threads";

export interface PacerTask {
  /** Milliseconds to tell of. */
  readonly ticks: number;
}

const { ticks } = workerData as PacerTask;
const nobodyWakes = new Int32Array(new SharedArrayBuffer(4));
const beganMs = performance.now();
for (let tick = 0; tick < ticks;) {
  const waitMs = beganMs + tick + 1 - performance.now();
  if (waitMs > 0) Atomics.wait(nobodyWakes, 0, 0, waitMs);
  tick = Math.min(ticks, Math.floor(performance.now() - beganMs));
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
  parentPort?.postMessage(tick);
}

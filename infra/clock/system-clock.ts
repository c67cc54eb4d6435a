/** The real clock: the process's monotonic timer, the operating system's wall clock, the event loop's timers. */
import { invariant } from "../../machines/invariant.ts";
import type { Clock } from "./clock.ts";

/** Node fires a timer with a longer delay at once; longer waits are made of several. */
const timerDelayMsMax = 2 ** 31 - 1;

/** Up to here whoever waits is waited for. */
const shortDelayMs = 5;

export const systemClock: Clock = {
  monotonicMs: () => performance.now(),
  wallMs: () => Date.now(),
  after(delayMs, callback) {
    invariant(Number.isFinite(delayMs), "a delay is a finite number", { delayMs });
    const dueMs = performance.now() + delayMs;
    let timer = setTimeout(fire, timerDelayMs(delayMs));
    // The event loop counts whole milliseconds and calls up to 1.7 ms early (seen in three of four timers with
    // fractional delays): a deadline that is not due yet would be taken for due, so the rest is waited for.
    function fire(): void {
      const remainingMs = dueMs - performance.now();
      if (remainingMs > 0) timer = setTimeout(fire, timerDelayMs(remainingMs));
      else callback();
    }
    return () => clearTimeout(timer);
  },
  defer(callback) {
    setImmediate(callback);
  },
};

/**
 * Of a longer delay a millisecond more than asked for: three of four such timers would be early, and a process that has
 * nothing else to do would be woken twice for each.
 */
function timerDelayMs(delayMs: number): number {
  const spareMs = delayMs > shortDelayMs ? 1 : 0;
  return Math.min(Math.ceil(delayMs) + spareMs, timerDelayMsMax);
}

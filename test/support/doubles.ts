/** Small stand-ins for ports, for tests that need no whole simulation. */
import type { Clock } from "../../infra/clock/clock.ts";
import type { Randomness } from "../../infra/randomness/randomness.ts";

/** Counts up instead of drawing lots. */
export function counting(): Randomness {
  let drawn = 0;
  return {
    fraction: () => (drawn++ % 100) / 100,
    identifier: () => (drawn += 1),
    bytes: (length) => new Uint8Array(length).fill((drawn += 1)),
  };
}

/** Runs what is due as soon as the current turn ends. */
export function immediateClock(): Clock {
  return {
    monotonicMs: () => performance.now(),
    wallMs: () => Date.now(),
    after: (delayMs, callback) => {
      const timer = setTimeout(callback, delayMs);
      return () => clearTimeout(timer);
    },
    defer: (callback) => void setImmediate(callback),
  };
}

/** A clock that stands still until it is told to run: every callback in (time, order of asking) order. */
import type { Cancel, Clock } from "../../infra/clock/clock.ts";

interface Timer {
  readonly atMs: number;
  readonly callback: () => void;
  stopped: boolean;
}

export class ManualClock implements Clock {
  /** Callbacks run so far. */
  turns = 0;
  #nowMs = 0;
  #timers: Timer[] = [];

  monotonicMs(): number {
    return this.#nowMs;
  }

  wallMs(): number {
    return this.#nowMs;
  }

  after(delayMs: number, callback: () => void): Cancel {
    const timer: Timer = { atMs: this.#nowMs + delayMs, callback, stopped: false };
    const behind = this.#timers.findIndex((other) => other.atMs > timer.atMs);
    this.#timers.splice(behind < 0 ? this.#timers.length : behind, 0, timer);
    return () => {
      timer.stopped = true;
    };
  }

  defer(callback: () => void): void {
    this.after(0, callback);
  }

  /** Runs the next callback; false if there is none. */
  step(): boolean {
    const timer = this.#timers.shift();
    if (timer === undefined) return false;
    this.#nowMs = timer.atMs;
    this.turns += 1;
    if (!timer.stopped) timer.callback();
    return true;
  }

  runAll(): void {
    while (this.step());
  }
}

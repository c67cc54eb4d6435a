/** An actor's named deadlines: charts have no timers of their own, so that time stays behind its port. */
import type { Cancel, Clock } from "../infra/clock/clock.ts";
import type { Timed } from "./actor.ts";

interface Armed {
  /** Undefined when it was taken back or has come; the timer may still be running then. */
  atMs: number | undefined;
  /** When the running timer fires; undefined without one. */
  timerAtMs: number | undefined;
  cancel: Cancel | undefined;
}

export class Deadlines {
  readonly #clock: Clock;
  readonly #due: (name: string, times: Timed) => void;
  readonly #armed = new Map<string, Armed>();

  constructor(clock: Clock, due: (name: string, times: Timed) => void) {
    this.#clock = clock;
    this.#due = due;
  }

  /**
   * Moves the deadline, or takes it back. A deadline that is moved later, as an election's is with every heartbeat,
   * leaves its timer alone: the timer looks at the deadline when it fires.
   */
  set(name: string, atMs: number | undefined): void {
    const armed = this.#entry(name);
    armed.atMs = atMs;
    if (atMs === undefined) return;
    if (armed.timerAtMs !== undefined && armed.timerAtMs <= atMs) return;
    armed.cancel?.();
    this.#startTimer(name, armed, atMs);
  }

  clear(): void {
    for (const armed of this.#armed.values()) armed.cancel?.();
    this.#armed.clear();
  }

  #entry(name: string): Armed {
    let armed = this.#armed.get(name);
    if (armed === undefined) {
      armed = { atMs: undefined, timerAtMs: undefined, cancel: undefined };
      this.#armed.set(name, armed);
    }
    return armed;
  }

  #startTimer(name: string, armed: Armed, atMs: number): void {
    armed.timerAtMs = atMs;
    const delayMs = Math.max(0, atMs - this.#clock.monotonicMs());
    armed.cancel = this.#clock.after(delayMs, () => this.#fired(name, armed));
  }

  #fired(name: string, armed: Armed): void {
    armed.timerAtMs = undefined;
    armed.cancel = undefined;
    if (armed.atMs === undefined) return;
    const nowMs = this.#clock.monotonicMs();
    if (nowMs < armed.atMs) return this.#startTimer(name, armed, armed.atMs);
    armed.atMs = undefined;
    this.#due(name, { nowMs, wallMs: this.#clock.wallMs() });
  }
}

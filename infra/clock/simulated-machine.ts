/**
 * One simulated computer's sense of time. It has its own monotonic clock, which may run fast or slow and stands
 * still while the machine is suspended, and its own wall clock, which may be wrong and may jump. Both outlive
 * the processes that are started on it.
 */
import { invariant } from "../../machines/invariant.ts";
import type { WorldEvent, SimulatedWorld } from "./simulated-world.ts";
import { SimulatedProcess } from "./simulated-process.ts";

export class SimulatedMachine {
  readonly name: string;
  readonly world: SimulatedWorld;
  /** Local milliseconds per millisecond of the world. */
  #rate = 1;
  /** World time at which rate, offset or suspension last changed; both clocks count from here. */
  #anchorMs: number;
  #monotonicAtAnchorMs = 0;
  #wallAtAnchorMs: number;
  #suspended = false;
  /** Processes that were not killed, in the order in which they were started. */
  #processes: SimulatedProcess[] = [];
  /** Timers of a suspended machine: the clock they wait for stands still. Empty unless suspended. */
  #frozenTimers: WorldEvent[] = [];

  constructor(world: SimulatedWorld, name: string) {
    this.world = world;
    this.name = name;
    this.#anchorMs = world.nowMs;
    this.#wallAtAnchorMs = world.startWallMs + world.nowMs;
  }

  get suspended(): boolean {
    return this.#suspended;
  }

  monotonicMs(): number {
    return this.#monotonicAtMs(this.world.nowMs);
  }

  wallMs(): number {
    const elapsedMs = this.world.nowMs - this.#anchorMs;
    return Math.floor(this.#wallAtAnchorMs + elapsedMs * this.#rate);
  }

  /** A fresh life on this machine: what a killed process left behind is not seen by the next. */
  start(): SimulatedProcess {
    const process = new SimulatedProcess(this);
    this.#processes.push(process);
    if (this.#suspended) process.pause();
    return process;
  }

  forget(process: SimulatedProcess): void {
    this.#processes = this.#processes.filter((other) => other !== process);
    this.#frozenTimers = this.#frozenTimers.filter((timer) => timer.process !== process);
  }

  /** From now on the clocks gain (above 1) or lose (below 1) against the world: 1.001 gains a millisecond a second. */
  setClockRate(rate: number): void {
    invariant(rate > 0 && Number.isFinite(rate), "a clock runs forward", { rate });
    const timers = this.#withdrawTimers();
    this.#anchor();
    this.#rate = rate;
    if (this.#suspended) this.#frozenTimers.push(...timers);
    else this.#enqueueTimers(timers);
  }

  /** Moves the wall clock, as an operator or a time daemon does; the monotonic clock does not notice. */
  jumpWall(byMs: number): void {
    this.#anchor();
    this.#wallAtAnchorMs += byMs;
  }

  /** Every process stops and the monotonic clock stands still; the wall clock goes on. */
  suspend(): void {
    if (this.#suspended) return;
    const timers = this.#withdrawTimers();
    this.#anchor();
    this.#suspended = true;
    this.#frozenTimers = timers;
    for (const process of this.#processes) process.pause();
  }

  resume(): void {
    if (!this.#suspended) return;
    const timers = [...this.#frozenTimers, ...this.#withdrawTimers()];
    this.#frozenTimers = [];
    this.#anchor();
    this.#suspended = false;
    this.#enqueueTimers(timers);
    for (const process of this.#processes) process.resume();
  }

  /** Keeps a timer that was set during the suspension: it has not come due, whatever the world's time. */
  freeze(timer: WorldEvent): void {
    this.#frozenTimers.push(timer);
  }

  /** The world time at which the monotonic clock will show `localMs`, at its present rate. */
  worldTimeMs(localMs: number): number {
    const estimateMs = this.#anchorMs + (localMs - this.#monotonicAtAnchorMs) / this.#rate;
    // Division rounds. A timer that is early by a rounding error would find its deadline not yet reached and
    // wait again for no time at all.
    return this.#monotonicAtMs(estimateMs) < localMs ? estimateMs + 1e-6 : estimateMs;
  }

  #monotonicAtMs(worldMs: number): number {
    if (this.#suspended) return this.#monotonicAtAnchorMs;
    return this.#monotonicAtAnchorMs + (worldMs - this.#anchorMs) * this.#rate;
  }

  #anchor(): void {
    const nowMs = this.world.nowMs;
    const monotonicMs = this.#monotonicAtMs(nowMs);
    this.#wallAtAnchorMs += (nowMs - this.#anchorMs) * this.#rate;
    this.#monotonicAtAnchorMs = monotonicMs;
    this.#anchorMs = nowMs;
  }

  #withdrawTimers(): WorldEvent[] {
    return this.world.withdraw(
      (event) => event.localDueMs !== undefined && event.process?.machine === this,
    );
  }

  #enqueueTimers(timers: readonly WorldEvent[]): void {
    for (const timer of timers) {
      if (timer.cancelled || timer.localDueMs === undefined) continue;
      this.world.enqueue(timer, this.worldTimeMs(timer.localDueMs));
    }
  }
}

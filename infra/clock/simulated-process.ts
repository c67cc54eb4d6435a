/**
 * One life of a process on a simulated machine. It is the owner of callbacks: while it is paused they wait, when
 * it is killed they vanish, and a process started later on the same machine sees none of them.
 */
import { invariant } from "../../machines/invariant.ts";
import type { Cancel, Clock } from "./clock.ts";
import type { SimulatedMachine } from "./simulated-machine.ts";
import type { WorldEvent } from "./simulated-world.ts";

export type ProcessState = "running" | "paused" | "killed";

export class SimulatedProcess {
  readonly machine: SimulatedMachine;
  readonly clock: Clock;
  #state: ProcessState = "running";
  /** Events that came due while paused, in the order in which they came due. */
  #heldBack: WorldEvent[] = [];
  readonly #deathListeners: (() => void)[] = [];

  constructor(machine: SimulatedMachine) {
    this.machine = machine;
    this.clock = {
      monotonicMs: () => machine.monotonicMs(),
      wallMs: () => machine.wallMs(),
      after: (delayMs, callback) => this.#startTimer(delayMs, callback),
      defer: (callback) => void this.schedule(0, callback),
    };
  }

  get name(): string {
    return this.machine.name;
  }

  get state(): ProcessState {
    return this.#state;
  }

  /** Simulated ports ask this before they act: the callback in which a process dies still runs to its end. */
  get alive(): boolean {
    return this.#state !== "killed";
  }

  /** Calls back after that much time of the world: for a message or a disk, which do not follow this machine's clock. */
  schedule(delayMs: number, callback: () => void): Cancel {
    return this.scheduleAt(this.machine.world.nowMs + delayMs, callback);
  }

  /** As `schedule`, at a time of the world. */
  scheduleAt(timeMs: number, callback: () => void): Cancel {
    if (!this.alive) return neverScheduled;
    return this.machine.world.scheduleAt(timeMs, callback, this, undefined);
  }

  /** Stops it as SIGSTOP does: nothing of it runs, its clocks go on, what arrives waits. */
  pause(): void {
    if (this.#state === "running") this.#state = "paused";
  }

  /** What came due meanwhile runs now, in the order in which it came due. */
  resume(): void {
    if (this.#state !== "paused" || this.machine.suspended) return;
    this.#state = "running";
    const { world } = this.machine;
    const heldBack = this.#heldBack;
    this.#heldBack = [];
    for (const event of heldBack) if (!event.cancelled) world.enqueue(event, world.nowMs);
  }

  /** A pause that ends by itself: a garbage collection, a starved container. */
  stallFor(durationMs: number): void {
    this.pause();
    this.machine.world.schedule(durationMs, () => this.resume());
  }

  /** Ends it as SIGKILL does: nothing that it scheduled ever runs. */
  kill(): void {
    if (!this.alive) return;
    this.#state = "killed";
    this.machine.world.withdraw((event) => event.process === this);
    this.machine.forget(this);
    for (const listener of this.#deathListeners) listener();
  }

  /** For simulated ports: the other end of a dead process's connection notices. */
  onDeath(listener: () => void): void {
    this.#deathListeners.push(listener);
  }

  /** Called by the world instead of running an event of a paused process. */
  holdBack(event: WorldEvent): void {
    const isTimer = event.localDueMs !== undefined;
    if (isTimer && this.machine.suspended) this.machine.freeze(event);
    else this.#heldBack.push(event);
  }

  #startTimer(delayMs: number, callback: () => void): Cancel {
    invariant(Number.isFinite(delayMs), "a delay is a finite number", { delayMs });
    if (!this.alive) return neverScheduled;
    const { machine } = this;
    const localDueMs = machine.monotonicMs() + Math.max(0, delayMs);
    return machine.world.scheduleAt(machine.worldTimeMs(localDueMs), callback, this, localDueMs);
  }
}

function neverScheduled(): void {}

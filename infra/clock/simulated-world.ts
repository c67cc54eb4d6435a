/**
 * Virtual time for a whole cluster in one process: every simulated clock, network and disk schedules its events
 * here, and whoever holds the world runs them one by one. Nothing in it looks at real time.
 */
import { invariant } from "../../machines/invariant.ts";
import type { Cancel } from "./clock.ts";
import { EventHeap, outsideHeap, type HeapEvent } from "./event-heap.ts";
import { SimulatedMachine } from "./simulated-machine.ts";
import type { SimulatedProcess } from "./simulated-process.ts";

/** This many events in a row at one moment mean that two callbacks schedule each other for ever. */
const eventsAtOneMomentMax = 1_000_000;

export interface WorldEvent extends HeapEvent {
  /** Whose callback it is: it waits while that process is paused and vanishes when it is killed. */
  readonly process: SimulatedProcess | undefined;
  /** For timers, the machine's monotonic time at which it is due; survives changes of the machine's clock rate. */
  readonly localDueMs: number | undefined;
  readonly callback: () => void;
  cancelled: boolean;
}

export class SimulatedWorld {
  /** What every machine's wall clock says at virtual time 0, unless told otherwise. */
  readonly startWallMs: number;
  readonly #events = new EventHeap<WorldEvent>();
  /** Machines by name, in the order in which they were first named. */
  readonly #machines = new Map<string, SimulatedMachine>();
  /** Never decreases. */
  #nowMs = 0;
  #sequence = 0;
  #eventsRun = 0;
  #eventsAtThisMoment = 0;

  constructor(options: { readonly startWallMs?: number } = {}) {
    this.startWallMs = options.startWallMs ?? Date.UTC(2026, 0, 1);
  }

  get nowMs(): number {
    return this.#nowMs;
  }

  /** How many callbacks have run: equal in two runs of the same seed. */
  get eventsRun(): number {
    return this.#eventsRun;
  }

  get eventsPending(): number {
    return this.#events.size;
  }

  /** The machine of that name, made when first asked for. */
  machine(name: string): SimulatedMachine {
    let machine = this.#machines.get(name);
    if (machine === undefined) {
      machine = new SimulatedMachine(this, name);
      this.#machines.set(name, machine);
    }
    return machine;
  }

  /** Schedules what belongs to no process: a fault, a workload's script. */
  schedule(delayMs: number, callback: () => void): Cancel {
    return this.scheduleAt(this.#nowMs + delayMs, callback, undefined, undefined);
  }

  /** Used by processes and simulated ports; everyone else calls `schedule` on the world or on a process. */
  scheduleAt(
    timeMs: number,
    callback: () => void,
    process: SimulatedProcess | undefined,
    localDueMs: number | undefined,
  ): Cancel {
    const event: WorldEvent = {
      timeMs: 0,
      sequence: 0,
      position: outsideHeap,
      process,
      localDueMs,
      callback,
      cancelled: false,
    };
    this.enqueue(event, timeMs);
    return () => {
      event.cancelled = true;
      if (event.position !== outsideHeap) this.#events.remove(event);
    };
  }

  /** Puts an event, new or held back, behind everything that is already scheduled for that moment. */
  enqueue(event: WorldEvent, timeMs: number): void {
    invariant(Number.isFinite(timeMs), "an event's time is finite", { timeMs });
    event.timeMs = Math.max(this.#nowMs, timeMs);
    event.sequence = this.#sequence;
    this.#sequence += 1;
    this.#events.add(event);
  }

  /** Takes out the chosen events, in the order in which they would have run. */
  withdraw(chosen: (event: WorldEvent) => boolean): WorldEvent[] {
    return this.#events.takeWhere(chosen);
  }

  /** Runs the next event. False when there is none. */
  step(): boolean {
    const event = this.#events.takeFirst();
    if (event === undefined) return false;
    this.#advanceTo(event.timeMs);
    if (event.process !== undefined && event.process.state === "paused") {
      event.process.holdBack(event);
      return true;
    }
    this.#eventsRun += 1;
    event.callback();
    return true;
  }

  /** Runs everything due up to that time and leaves the world standing at it. */
  runUntil(timeMs: number): void;
  /** Runs until the condition holds, for at most `withinMs` of virtual time; says whether it held. */
  runUntil(condition: () => boolean, withinMs: number): boolean;
  runUntil(goal: number | (() => boolean), withinMs = 0): boolean {
    const condition = typeof goal === "number" ? () => false : goal;
    const limitMs = typeof goal === "number" ? goal : this.#nowMs + withinMs;
    while (!condition()) {
      const next = this.#events.first();
      if (next === undefined || next.timeMs > limitMs) {
        this.#advanceTo(Math.max(this.#nowMs, limitMs));
        return condition();
      }
      this.step();
    }
    return true;
  }

  runFor(durationMs: number): void {
    this.runUntil(this.#nowMs + durationMs);
  }

  #advanceTo(timeMs: number): void {
    invariant(timeMs >= this.#nowMs, "virtual time never goes back", {
      nowMs: this.#nowMs,
      timeMs,
    });
    this.#eventsAtThisMoment = timeMs === this.#nowMs ? this.#eventsAtThisMoment + 1 : 0;
    invariant(this.#eventsAtThisMoment < eventsAtOneMomentMax, "virtual time moves on", {
      nowMs: this.#nowMs,
      events: this.#eventsAtThisMoment,
    });
    this.#nowMs = timeMs;
  }
}

/**
 * Keeps programs running: starts them, starts them again when they end by themselves, and stops them in order.
 * None of them outlives this process, not even when it is killed.
 */
import { invariant } from "../../machines/invariant.ts";
import type { Clock } from "../clock/clock.ts";
import type { ProgramPlan } from "./guarded-child.ts";
import { defaultBackoff, type BackoffSettings } from "./restart-backoff.ts";
import { SupervisedChild, type ChildState } from "./supervised-child.ts";

export interface ChildPlan extends ProgramPlan {
  /** What the child is called in reports; one child of a name at a time. */
  readonly name: string;
  /** `stopAll` ends the children of a higher stage before those of a lower one: what serves others has the lower. */
  readonly stage: number;
  /** Every change of the child's state, the first one before `start` returns. */
  readonly onState?: (state: ChildState) => void;
}

interface Entry {
  readonly plan: ChildPlan;
  readonly child: SupervisedChild;
}

export class ChildSupervisor {
  readonly #clock: Clock;
  readonly #backoff: BackoffSettings;
  readonly #entries = new Map<string, Entry>();
  #stopping: Promise<void> | undefined;

  constructor(clock: Clock, backoff: BackoffSettings = defaultBackoff) {
    this.#clock = clock;
    this.#backoff = backoff;
  }

  /** Starts a child and keeps it running until it is stopped by name or with all others. */
  start(plan: ChildPlan): void {
    const { name } = plan;
    invariant(this.#stopping === undefined, "nothing is started while all is stopping", { name });
    const state = this.stateOf(name);
    invariant(state === undefined || state.kind === "stopped", "one child of a name at a time", {
      name,
      state,
    });
    const child = new SupervisedChild(plan, this.#clock, this.#backoff, (change) =>
      plan.onState?.(change),
    );
    this.#entries.set(name, { plan, child });
    child.start();
  }

  /** Undefined for a name that was never started. */
  stateOf(name: string): ChildState | undefined {
    return this.#entries.get(name)?.child.state;
  }

  /** The process id of a running child. */
  pidOf(name: string): number | undefined {
    const state = this.stateOf(name);
    return state?.kind === "running" ? state.pid : undefined;
  }

  /** Resolves when the child's process is gone. A child that was stopped may be started again. */
  stop(name: string): Promise<void> {
    const entry = this.#entries.get(name);
    return new Promise((resolve) => {
      if (entry === undefined) resolve();
      else entry.child.stop(resolve);
    });
  }

  /** Stops the highest stage first, the children of one stage side by side. Nothing can be started afterwards. */
  stopAll(): Promise<void> {
    this.#stopping ??= this.#stopStages();
    return this.#stopping;
  }

  /** Ends every process at once, for the impatient second Ctrl-C. Resolves when they are gone. */
  killAll(): Promise<void> {
    const stopped = this.stopAll();
    for (const { child } of this.#entries.values()) child.kill();
    return stopped;
  }

  async #stopStages(): Promise<void> {
    const stages = new Set([...this.#entries.values()].map(({ plan }) => plan.stage));
    for (const stage of [...stages].sort((a, b) => b - a)) {
      const names = [...this.#entries.values()]
        .filter(({ plan }) => plan.stage === stage)
        .map(({ plan }) => plan.name);
      await Promise.all(names.map((name) => this.stop(name)));
    }
  }
}

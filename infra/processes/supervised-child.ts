/** One child of a supervisor: running, waiting to be started again, or stopped for good. */
import type { Cancel, Clock } from "../clock/clock.ts";
import { GuardedChild, type ProgramPlan } from "./guarded-child.ts";
import { RestartBackoff, type BackoffSettings } from "./restart-backoff.ts";

export type ChildState =
  | { readonly kind: "running"; readonly pid: number | undefined }
  | { readonly kind: "waiting"; readonly reason: string; readonly restartInMs: number }
  | { readonly kind: "stopping" }
  | { readonly kind: "stopped"; readonly reason: string };

export class SupervisedChild {
  readonly #plan: ProgramPlan;
  readonly #clock: Clock;
  readonly #backoff: RestartBackoff;
  readonly #report: (state: ChildState) => void;
  #state: ChildState = { kind: "stopped", reason: "not started" };
  /** Set exactly while the state is `running` or `stopping`. */
  #child: GuardedChild | undefined;
  /** Set exactly while the state is `waiting`. */
  #cancelRestart: Cancel | undefined;
  readonly #whenStopped: (() => void)[] = [];

  constructor(
    plan: ProgramPlan,
    clock: Clock,
    backoff: BackoffSettings,
    report: (state: ChildState) => void,
  ) {
    this.#plan = plan;
    this.#clock = clock;
    this.#backoff = new RestartBackoff(backoff);
    this.#report = report;
  }

  /** Runs the program, again and again, until the child is stopped. */
  start(): void {
    this.#run();
  }

  get state(): ChildState {
    return this.#state;
  }

  /** Ends the child for good. Calls back when its process is gone; at once when there is none. */
  stop(done: () => void): void {
    if (this.#state.kind === "stopped") {
      done();
      return;
    }
    this.#whenStopped.push(done);
    if (this.#state.kind === "waiting") this.#finish("stopped while waiting to be started again");
    else if (this.#state.kind === "running") {
      this.#enter({ kind: "stopping" });
      this.#child?.stop();
    }
  }

  /** Ends the child for good without asking it. */
  kill(): void {
    this.stop(() => undefined);
    this.#child?.kill();
  }

  #run(): void {
    this.#cancelRestart = undefined;
    const startedMs = this.#clock.monotonicMs();
    const child = new GuardedChild(this.#plan, this.#clock, (reason) =>
      this.#ended(reason, this.#clock.monotonicMs() - startedMs),
    );
    this.#child = child;
    this.#enter({ kind: "running", pid: child.pid });
  }

  #ended(reason: string, ranMs: number): void {
    this.#child = undefined;
    if (this.#state.kind === "stopping") {
      this.#finish(reason);
      return;
    }
    const restartInMs = this.#backoff.delayAfterRunOf(ranMs);
    this.#cancelRestart = this.#clock.after(restartInMs, () => this.#run());
    this.#enter({ kind: "waiting", reason, restartInMs });
  }

  #finish(reason: string): void {
    this.#cancelRestart?.();
    this.#cancelRestart = undefined;
    this.#enter({ kind: "stopped", reason });
    for (const done of this.#whenStopped.splice(0)) done();
  }

  #enter(state: ChildState): void {
    this.#state = state;
    this.#report(state);
  }
}

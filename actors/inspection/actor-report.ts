/** What one actor did since its last message: what comes faster than messages may is put together to one. */
import type { TakenTransition } from "../../infra/status/inspection.ts";
import type { Step } from "./actor-tap.ts";

/** A longer way is told without its beginning. */
const passedMax = 16;

export interface Report {
  readonly event: { readonly type: string };
  readonly from: string;
  readonly to: string;
  readonly passed: readonly string[];
  readonly transitions: readonly TakenTransition[];
  readonly skipped: number;
}

export class ActorReport {
  #shown: Step | undefined;
  #from = "";
  #to = "";
  #passed: string[] = [];
  #steps = 0;

  get isEmpty(): boolean {
    return this.#shown === undefined;
  }

  add(step: Step): void {
    this.#steps += 1;
    if (this.#shown === undefined) {
      this.#from = step.from;
      this.#to = step.to;
      this.#shown = step;
      return;
    }
    if (changesState(step)) {
      if (this.#passed.length > 0 || this.#to !== this.#from) this.#passed.push(this.#to);
      if (this.#passed.length > passedMax) this.#passed.shift();
      this.#to = step.to;
    }
    if (changesState(step) || !changesState(this.#shown)) this.#shown = step;
  }

  /** What was added since the last call. */
  take(): Report {
    const shown = this.#shown;
    if (shown === undefined) throw new Error("an empty report was taken");
    const { event, transitions } = shown;
    const report: Report = {
      event,
      from: this.#from,
      to: this.#to,
      passed: this.#passed,
      transitions: transitions(),
      skipped: this.#steps - 1,
    };
    this.#shown = undefined;
    this.#passed = [];
    this.#steps = 0;
    return report;
  }
}

function changesState({ from, to }: Step): boolean {
  return from !== to;
}

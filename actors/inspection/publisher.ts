/**
 * Sends what actors report, within bounds: for each actor at most one message per `intervalMs`, for all of them at
 * most `windowMessagesMax` per such window. What does not fit waits, put together, and is sent with the next ones.
 */
import type { Cancel, Clock } from "../../infra/clock/clock.ts";
import { ActorReport, type Report } from "./actor-report.ts";
import type { ActorObserver, Step } from "./actor-tap.ts";

const intervalMs = 50;
const windowMessagesMax = 100;

interface Reporting {
  readonly report: ActorReport;
  readonly send: (report: Report) => void;
  notBeforeMs: number;
}

export class Publisher {
  readonly #clock: Clock;
  /** Those with something to say, the longest waiting first. */
  readonly #waiting = new Set<Reporting>();
  #windowEndMs = 0;
  #sentInWindow = 0;
  #cancel: Cancel | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** An observer whose steps become reports, each handed to `send` when it may leave. */
  observer(send: (report: Report) => void): ActorObserver {
    const reporting: Reporting = { report: new ActorReport(), send, notBeforeMs: 0 };
    return {
      stepped: (step: Step) => {
        reporting.report.add(step);
        if (this.#waiting.has(reporting)) return;
        if (this.#waiting.size === 0 && this.#mayLeave(reporting)) return this.#leave(reporting);
        this.#waiting.add(reporting);
        this.#cancel ??= this.#clock.after(intervalMs, () => this.#windowOver());
      },
    };
  }

  /** What still waits is never sent. */
  stop(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    this.#waiting.clear();
  }

  #windowOver(): void {
    this.#cancel = undefined;
    for (const reporting of this.#waiting) {
      if (!this.#mayLeave(reporting)) continue;
      this.#waiting.delete(reporting);
      this.#leave(reporting);
    }
    if (this.#waiting.size === 0) return;
    this.#cancel = this.#clock.after(intervalMs, () => this.#windowOver());
  }

  #mayLeave({ notBeforeMs }: Reporting): boolean {
    const nowMs = this.#clock.monotonicMs();
    if (nowMs >= this.#windowEndMs) {
      this.#windowEndMs = nowMs + intervalMs;
      this.#sentInWindow = 0;
    }
    return nowMs >= notBeforeMs && this.#sentInWindow < windowMessagesMax;
  }

  #leave(reporting: Reporting): void {
    this.#sentInWindow += 1;
    reporting.notBeforeMs = this.#clock.monotonicMs() + intervalMs;
    reporting.send(reporting.report.take());
  }
}

/** Counts what ends, and how long it took, between two moments. */
import { systemClock } from "../../infra/clock/system-clock.ts";
import type { DriverResult, DriverTask, LatencyUs } from "../comparison/task.ts";
import { LatencyHistogram } from "./latency-histogram.ts";

export class Recorder {
  readonly #histogram = new LatencyHistogram();
  #operations = 0;
  #conflicts = 0;
  #errors: Record<string, number> = {};
  #beganMs = Infinity;
  #endedMs = Infinity;
  /** Time is over, but what was meant to begin before its end still counts with its latency. */
  #onlyLate = false;

  /** Waits for the end of the warm-up, and then for that of the measurement. */
  async measure({ warmUpSeconds, seconds }: DriverTask): Promise<DriverResult> {
    await pause(warmUpSeconds * 1000);
    say("measuring");
    const cpuBegan = process.cpuUsage();
    this.#beganMs = performance.now();
    await pause(seconds * 1000);
    this.#endedMs = performance.now();
    const cpu = process.cpuUsage(cpuBegan);
    say("measured");
    return {
      operations: this.#operations,
      seconds: (this.#endedMs - this.#beganMs) / 1000,
      errors: this.#errors,
      conflicts: this.#conflicts,
      unfinished: 0,
      cpuSeconds: (cpu.user + cpu.system) / 1e6,
      latencyUs: this.latencyUs(),
    };
  }

  /** From now on only those count that were meant to begin within the measurement. */
  awaitLate(): void {
    this.#onlyLate = true;
  }

  /** One operation, or one delivery, ends now. */
  done(startMs: number): void {
    const nowMs = performance.now();
    if (this.isMeasuring) this.#operations += 1;
    else if (!this.#onlyLate || startMs < this.#beganMs || startMs >= this.#endedMs) return;
    this.#histogram.record(Math.max(1, Math.round((nowMs - startMs) * 1000)));
  }

  conflict(): void {
    if (this.isMeasuring) this.#conflicts += 1;
  }

  failed(failure: unknown): void {
    if (!this.isMeasuring) return;
    const code = codeOf(failure);
    this.#errors[code] = (this.#errors[code] ?? 0) + 1;
  }

  get isMeasuring(): boolean {
    return this.#beganMs !== Infinity && this.#endedMs === Infinity;
  }

  latencyUs(): LatencyUs {
    const histogram = this.#histogram;
    if (histogram.count === 0) return { p50: 0, p99: 0, p999: 0, max: 0 };
    return {
      p50: histogram.percentile(0.5),
      p99: histogram.percentile(0.99),
      p999: histogram.percentile(0.999),
      max: histogram.max,
    };
  }
}

/** A short name, to be counted under. */
function codeOf(failure: unknown): string {
  const code: unknown = (failure as { readonly code?: unknown }).code;
  if (typeof code === "string") return code;
  return failure instanceof Error ? failure.message.slice(0, 80) : String(failure);
}

function say(moment: string): void {
  process.stderr.write(`${moment}\n`);
}

export function pause(delayMs: number): Promise<void> {
  return new Promise((resolve) => systemClock.after(delayMs, resolve));
}

/**
 * Operations begin at fixed moments. Latency begins at the moment that was meant, so that an operation which had to
 * wait for a caller to become free is as slow as whoever asked has seen it.
 */
import { Worker } from "node:worker_threads";
import type { DriverResult, DriverTask } from "../comparison/task.ts";
import { sharedClockMs, type PacerTask, type PacerTick } from "./pacer.ts";
import { pause, type Recorder } from "./recorder.ts";

/** What operations may still be answered in, after the time that is measured. */
const lateMsMax = 5_000;

/** Never rejects: what went wrong has been recorded. */
type Perform = (caller: number, startMs: number) => Promise<void>;

export class OpenLoop {
  readonly #task: DriverTask;
  readonly #perform: Perform;
  readonly #free: number[];
  /** What to add to the clock that is shared with the pacer. */
  readonly #clockOffsetMs = performance.now() - sharedClockMs();
  /** Moments that were meant, of operations whose time has come; from `#next` on they wait for a caller. */
  readonly #due: number[] = [];
  #next = 0;
  #finished = 0;

  constructor(task: DriverTask, perform: Perform) {
    this.#task = task;
    this.#perform = perform;
    this.#free = Array.from({ length: task.callers }, (_, caller) => caller);
  }

  async run(recorder: Recorder): Promise<DriverResult> {
    const pacer = this.#startPacer();
    pacer.on("message", (tick: PacerTick) => this.#tick(tick));
    const result = await recorder.measure(this.#task);
    recorder.awaitLate();
    await pacer.terminate();
    const deadlineMs = performance.now() + lateMsMax;
    while (this.#unfinished > 0 && performance.now() < deadlineMs) await pause(5);
    return { ...result, unfinished: this.#unfinished, latencyUs: recorder.latencyUs() };
  }

  get #unfinished(): number {
    return this.#due.length - this.#finished;
  }

  #tick({ beganMs, passed }: PacerTick): void {
    const { ratePerSecond } = this.#task;
    const wanted = Math.floor((passed * ratePerSecond) / 1000);
    while (this.#due.length < wanted) {
      const atMs = Math.ceil(((this.#due.length + 1) * 1000) / ratePerSecond);
      this.#due.push(beganMs + this.#clockOffsetMs + atMs);
    }
    this.#issue();
  }

  #issue(): void {
    while (this.#next < this.#due.length) {
      const caller = this.#free.pop();
      if (caller === undefined) return;
      const startMs = this.#due[this.#next] ?? 0;
      this.#next += 1;
      void this.#perform(caller, startMs).then(() => {
        this.#finished += 1;
        this.#free.push(caller);
        this.#issue();
      });
    }
  }

  #startPacer(): Worker {
    const { warmUpSeconds, seconds } = this.#task;
    const workerData: PacerTask = { ticks: Math.round((warmUpSeconds + seconds) * 1000) };
    return new Worker(new URL("pacer.js", import.meta.url), { workerData });
  }
}

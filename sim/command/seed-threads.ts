/** Threads that run seeds, so that this one stays free to hear Ctrl-C, and its own clock and chance stay real. */
import { Worker } from "node:worker_threads";
import type { SeedJob, SeedOutcome } from "./seed-job.ts";

interface Waiting {
  readonly job: SeedJob;
  readonly resolve: (outcome: SeedOutcome) => void;
  readonly reject: (failure: Error) => void;
}

interface Thread {
  readonly worker: Worker;
  busyWith: Waiting | undefined;
}

export class SeedThreads {
  readonly #threadsMax: number;
  readonly #threads: Thread[] = [];
  readonly #waiting: Waiting[] = [];

  constructor(threads: number) {
    this.#threadsMax = threads;
  }

  /** Resolves when the seed has run, whatever came of it; rejects when its thread ended before. */
  run(job: SeedJob): Promise<SeedOutcome> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ job, resolve, reject });
      this.#distribute();
    });
  }

  /** Ends at once what runs; nothing more comes of it. */
  async stop(): Promise<void> {
    this.#waiting.length = 0;
    await Promise.all(this.#threads.splice(0).map(({ worker }) => worker.terminate()));
  }

  #distribute(): void {
    while (this.#waiting.length > 0) {
      const thread = this.#idleThread();
      const next = thread && this.#waiting.shift();
      if (thread === undefined || next === undefined) return;
      thread.busyWith = next;
      thread.worker.postMessage(next.job, []);
    }
  }

  #idleThread(): Thread | undefined {
    const idle = this.#threads.find(({ busyWith }) => busyWith === undefined);
    if (idle !== undefined || this.#threads.length >= this.#threadsMax) return idle;
    const worker = new Worker(new URL("./seed-thread.js", import.meta.url));
    const thread: Thread = { worker, busyWith: undefined };
    worker.on("message", (outcome: SeedOutcome) => {
      const { busyWith } = thread;
      thread.busyWith = undefined;
      busyWith?.resolve(outcome);
      this.#distribute();
    });
    worker.on("error", (failure) => this.#lost(thread, failure));
    worker.on("exit", () => this.#lost(thread, new Error("the thread that ran the seed ended")));
    this.#threads.push(thread);
    return thread;
  }

  #lost(thread: Thread, failure: Error): void {
    const at = this.#threads.indexOf(thread);
    if (at === -1) return;
    this.#threads.splice(at, 1);
    thread.busyWith?.reject(failure);
    this.#distribute();
  }
}

/**
 * The main thread's side of the state environment: reads here, hands all writing and merging to a worker. The
 * worker's answer comes after its commit is on disk.
 */
import { Worker } from "node:worker_threads";
import { invariant } from "../../machines/invariant.ts";
import { SynodError } from "../errors/synod-error.ts";
import type {
  BlockBatch,
  BlockBytes,
  BlockDevice,
  Done,
  RunId,
  StoredContents,
} from "./block-device.ts";
import { ChunkPool } from "./chunk-pool.ts";
import { LmdbEnvironment } from "./lmdb-environment.ts";
import { failureOf, type Answer, type Request, type WorkerInput } from "./lmdb-messages.ts";
import type { MergePlan } from "./merge-feed.ts";
import type { Merger } from "./merger.ts";
import type { RunDone } from "./run-writer.ts";
import { RunTail } from "./run.ts";
import { Urgency } from "./urgency.ts";

type Answered = (failure: Error | undefined, answer: Answer) => void;

export class LmdbDevice implements BlockDevice, Merger {
  readonly #environment: LmdbEnvironment;
  readonly #path: string;
  readonly #urgency = new Urgency();
  /** Started when there is something to write: a node that starts has other things to do first. */
  #worker: Worker | undefined;
  readonly #chunks = new ChunkPool();
  readonly #waiting = new Map<number, Answered>();
  #nextNumber = 1;
  /** Set by `close`, until the worker has ended. */
  #closed: (() => void) | undefined;
  /** The worker is gone. */
  #ended = false;

  constructor(path: string, owner: string) {
    this.#path = path;
    this.#environment = new LmdbEnvironment(path);
    try {
      // The main thread's only write, before there is another writer.
      this.#environment.claim(owner);
    } catch (failure) {
      void this.#environment.close();
      throw failure;
    }
  }

  read(run: RunId, block: number): BlockBytes | undefined {
    return this.#environment.read(run, block);
  }

  contents(): StoredContents {
    return this.#environment.contents();
  }

  chunk(bytesMin: number): Uint8Array<ArrayBuffer> {
    return this.#chunks.take(bytesMin);
  }

  write(batch: BlockBatch, done: Done): void {
    const number = this.#expect((failure, { chunk }) => {
      if (chunk !== undefined) this.#chunks.give(chunk);
      done(failure);
    });
    this.#send({ kind: "write", number, batch }, [batch.chunk.buffer]);
  }

  commitManifest(group: string, manifest: Uint8Array, done: Done): void {
    const number = this.#expect((failure) => {
      this.#environment.refresh();
      done(failure);
    });
    this.#send({ kind: "manifest", number, group, manifest });
  }

  drop(
    run: RunId,
    blocksMax: number,
    done: (failure: Error | undefined, remaining: boolean) => void,
  ): void {
    const number = this.#expect((failure, answer) => done(failure, answer.remaining === true));
    this.#send({ kind: "drop", number, run, blocksMax });
  }

  merge(plan: MergePlan, done: RunDone): void {
    const number = this.#expect((failure, { merged }) => {
      const { descriptor, tail } = merged ?? {};
      if (failure !== undefined || descriptor === undefined) done(failure, undefined);
      else done(undefined, { descriptor, tail: new RunTail(descriptor, tail) });
    });
    this.#send({ kind: "merge", number, plan });
  }

  hurry(isUrgent: boolean): void {
    this.#urgency.set(isUrgent);
  }

  close(done: () => void): void {
    this.#waiting.clear();
    this.#closed = done;
    if (this.#ended || this.#worker === undefined) this.#workerEnded(undefined);
    else this.#send({ kind: "close", number: 0 });
  }

  #expect(answered: Answered): number {
    const number = this.#nextNumber;
    this.#nextNumber += 1;
    this.#waiting.set(number, answered);
    return number;
  }

  #send(request: Request, transfer: ArrayBuffer[] = []): void {
    if (this.#ended) return void setImmediate(() => this.#workerEnded(undefined));
    this.#worker ??= this.#startWorker();
    this.#worker.postMessage(request, transfer);
  }

  #startWorker(): Worker {
    const worker = new Worker(new URL("./lmdb-worker.js", import.meta.url), {
      workerData: { path: this.#path, urgency: this.#urgency.shared } satisfies WorkerInput,
      name: "synod-state",
    });
    worker.on("message", (answer: Answer) => this.#take(answer));
    worker.on("error", (cause) => this.#workerEnded(cause));
    worker.on("exit", () => this.#workerEnded(undefined));
    return worker;
  }

  #take(answer: Answer): void {
    const answered = this.#waiting.get(answer.number);
    if (answered === undefined) {
      // Answers to what was under way when the store was closed.
      invariant(this.#closed !== undefined, "an answer is expected", { number: answer.number });
      return;
    }
    this.#waiting.delete(answer.number);
    answered(failureOf(answer.failure), answer);
  }

  /** Expected after a closing. Otherwise whatever is under way, and all that comes, has failed. */
  #workerEnded(cause: unknown): void {
    this.#ended = true;
    const closed = this.#closed;
    if (closed !== undefined) {
      this.#closed = undefined;
      void this.#environment.close().finally(closed);
      return;
    }
    const why = cause instanceof Error ? cause.message : "it exited";
    const failure = new SynodError("STORAGE_FAILED", `the state writer ended: ${why}`, { cause });
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const answered of waiting) answered(failure, { number: 0 });
  }
}

/**
 * The thread that writes to the state environment and merges its runs. Requests are carried out in order;
 * between two steps of a merge it looks for new ones. After the first failure it writes nothing any more.
 */
import { parentPort, workerData } from "node:worker_threads";
import { present } from "../../machines/invariant.ts";
import { giveWay } from "../processes/background-thread.ts";
import type { BlockBatch, BlockBytes, Done, RunDevice, RunId } from "./block-device.ts";
import { ChunkPool } from "./chunk-pool.ts";
import { LmdbEnvironment } from "./lmdb-environment.ts";
import { failureText, type Answer, type Request, type WorkerInput } from "./lmdb-messages.ts";
import type { MergePlan } from "./merge-feed.ts";
import { SteppedMerger } from "./merger.ts";
import { Urgency } from "./urgency.ts";

// Most of what it does is merging, which nobody waits for.
giveWay();
const port = present(parentPort ?? undefined, "the state writer runs in a worker thread");
const { path, urgency: shared } = workerData as WorkerInput;
const urgency = new Urgency(shared);
const environment = new LmdbEnvironment(path);
const chunks = new ChunkPool();
/** The first failed write. */
let failed: Error | undefined;
let closing = false;

function attempt(change: () => void): Error | undefined {
  if (failed !== undefined) return failed;
  try {
    change();
  } catch (failure) {
    failed = failure as Error;
  }
  return failed;
}

/**
 * A disk does one thing at a time, and the log is on it too: after a commit of blocks it is left alone for a
 * while, three times as long as the commit took, unless somebody waits for what is written.
 */
const restPerBusyMs = 3;
const restMsMax = 6;

function restAfter(beganMs: number): void {
  const busyMs = performance.now() - beganMs;
  urgency.rest(Math.min(restMsMax, busyMs * restPerBusyMs));
}

/** What merging needs, here where a block is durable when its write returns. */
const device: RunDevice = {
  read: (run: RunId, block: number): BlockBytes | undefined => environment.read(run, block),
  chunk: (bytesMin: number) => chunks.take(bytesMin),
  write(batch: BlockBatch, done: Done): void {
    const beganMs = performance.now();
    const failure = attempt(() => environment.writeBlocks(batch));
    chunks.give(batch.chunk);
    restAfter(beganMs);
    done(failure);
  },
};

const merger = new SteppedMerger(device, (callback) => {
  setImmediate(() => {
    if (!closing) callback();
  });
});

function answer(number: number, failure: Error | undefined, more: Partial<Answer> = {}): void {
  const transfer = [more.chunk?.buffer, more.merged?.tail].filter((buffer) => buffer !== undefined);
  const failureOrNot = failure === undefined ? {} : { failure: failureText(failure) };
  port.postMessage({ number, ...failureOrNot, ...more } satisfies Answer, transfer);
}

function merge(number: number, plan: MergePlan): void {
  merger.merge(plan, (failure, run) => {
    if (run === undefined) {
      answer(number, failure);
    } else {
      const { descriptor, tail } = run;
      answer(number, failure, { merged: { descriptor, tail: tail.buffer } });
    }
  });
}

function close(): void {
  closing = true;
  void environment.close().finally(() => port.close());
}

port.on("message", (request: Request) => {
  const { number } = request;
  const beganMs = performance.now();
  switch (request.kind) {
    case "write": {
      const { batch } = request;
      const failure = attempt(() => environment.writeBlocks(batch));
      answer(number, failure, { chunk: batch.chunk });
      restAfter(beganMs);
      break;
    }
    case "manifest": {
      const { group, manifest } = request;
      answer(
        number,
        attempt(() => environment.writeManifest(group, manifest)),
      );
      break;
    }
    case "drop": {
      let remaining = false;
      const failure = attempt(() => {
        remaining = environment.dropBlocks(request.run, request.blocksMax);
      });
      answer(number, failure, { remaining });
      restAfter(beganMs);
      break;
    }
    case "merge":
      merge(number, request.plan);
      break;
    case "close":
      close();
      break;
  }
});

/** Merging runs, away from whoever reads them: in a thread of its own, or step by step on a given clock. */
import type { RunDevice } from "./block-device.ts";
import { MergeFeed, type MergePlan } from "./merge-feed.ts";
import { RunWriter, type RunDone } from "./run-writer.ts";

export interface Merger {
  /** Writes the merged run beside its inputs, which stay as they are. One merge at a time. */
  merge(plan: MergePlan, done: RunDone): void;
}

export class SteppedMerger implements Merger {
  readonly #device: RunDevice;
  readonly #defer: (callback: () => void) => void;

  constructor(device: RunDevice, defer: (callback: () => void) => void) {
    this.#device = device;
    this.#defer = defer;
  }

  merge(plan: MergePlan, done: RunDone): void {
    this.#defer(() => {
      try {
        const feed = new MergeFeed(this.#device, plan);
        new RunWriter(this.#device, this.#defer, plan.output, feed, done).start();
      } catch (failure) {
        done(failure as Error, undefined);
      }
    });
  }
}

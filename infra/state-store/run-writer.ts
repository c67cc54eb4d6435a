/**
 * Writes one run in bounded steps, between which everything else on the thread gets its turn: cells come from
 * a feed, chunks of blocks go to the device, and no more than a few are under way at once.
 */
import type { BlockBatch, RunDevice, RunId } from "./block-device.ts";
import { RunBuilder } from "./run-builder.ts";
import type { RunDescriptor, RunTail } from "./run.ts";

/** Where a run's cells come from: adds a bounded number to the builder; false once there are no more. */
export interface CellFeed {
  feedSome(builder: RunBuilder): boolean;
}

export interface WrittenRun {
  readonly descriptor: RunDescriptor;
  readonly tail: RunTail;
}

/** Called with `undefined` instead of a run if there was no cell to write. */
export type RunDone = (failure: Error | undefined, run: WrittenRun | undefined) => void;

const chunksUnderWayMax = 3;

export class RunWriter {
  readonly #device: RunDevice;
  readonly #defer: (callback: () => void) => void;
  readonly #feed: CellFeed;
  readonly #builder: RunBuilder;
  readonly #done: RunDone;
  #feeding = true;
  #packing = true;
  #chunksUnderWay = 0;
  /** A step is scheduled. At most one ever is. */
  #scheduled = false;
  #ended = false;

  constructor(
    device: RunDevice,
    defer: (callback: () => void) => void,
    run: RunId,
    feed: CellFeed,
    done: RunDone,
  ) {
    this.#device = device;
    this.#defer = defer;
    this.#feed = feed;
    this.#builder = new RunBuilder(device, run, (batch) => this.#write(batch));
    this.#done = done;
  }

  start(): void {
    this.#schedule();
  }

  /** No step and no call of `done` follows. What was written is garbage that the next opening removes. */
  abandon(): void {
    this.#ended = true;
  }

  #schedule(): void {
    if (this.#scheduled || !this.#packing || this.#chunksUnderWay >= chunksUnderWayMax) return;
    this.#scheduled = true;
    this.#defer(() => {
      this.#scheduled = false;
      if (this.#ended) return;
      try {
        this.#step();
      } catch (failure) {
        this.#end(failure as Error);
      }
    });
  }

  #step(): void {
    if (this.#feeding) this.#feeding = this.#feed.feedSome(this.#builder);
    else this.#packing = !this.#builder.finishSome();
    this.#schedule();
    this.#endIfWritten();
  }

  #write(batch: BlockBatch): void {
    this.#chunksUnderWay += 1;
    this.#device.write(batch, (failure) => {
      this.#chunksUnderWay -= 1;
      if (this.#ended) return;
      if (failure !== undefined) {
        this.#end(failure);
        return;
      }
      this.#schedule();
      this.#endIfWritten();
    });
  }

  #endIfWritten(): void {
    if (!this.#packing && this.#chunksUnderWay === 0 && !this.#ended) this.#end(undefined);
  }

  #end(failure: Error | undefined): void {
    this.#ended = true;
    this.#done(failure, failure === undefined ? this.#builder.finished() : undefined);
  }
}

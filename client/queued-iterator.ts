/** Something that is read piece by piece, as an async iterable that can be stopped from outside. */
import { badRequest } from "./options.ts";

/** Where batches come from. */
export interface BatchSource<Item> {
  /** The next batch, which may be empty; undefined = that was all. Not called again before it is settled. */
  next(): Promise<readonly Item[] | undefined>;
  /** Nobody wants more. Called once, also when it has ended by itself. */
  close(): void;
}

/**
 * What `keys`, `history` and `watch` resolve to: the surface of `QueuedIterator` in `@nats-io/nats-core`. It can be
 * iterated once. Leaving the loop, `stop()`, or the end of an `await using` lets go of everything it holds.
 *
 * @example
 * for await (const key of await bucket.keys("user.*")) console.log(key);
 */
export class QueuedIterator<Item> implements AsyncIterable<Item>, AsyncDisposable {
  readonly #source: BatchSource<Item>;
  readonly #closed: Promise<void | Error>;
  #resolveClosed: (reason: void | Error) => void = () => {};
  #queue: readonly Item[] = [];
  /** Items of the queue that were handed out. */
  #taken = 0;
  #received = 0;
  #processed = 0;
  #iterating = false;
  #stopped = false;
  #failure: Error | undefined;

  /** @internal */
  constructor(source: BatchSource<Item>) {
    this.#source = source;
    this.#closed = new Promise((resolve) => {
      this.#resolveClosed = resolve;
    });
  }

  /** @internal Resolves when the first batch is there, and rejects when it fails. */
  static async begun<Item>(source: BatchSource<Item>): Promise<QueuedIterator<Item>> {
    const iterator = new QueuedIterator(source);
    await iterator.#fill();
    return iterator;
  }

  /** How many items the loop has got. */
  getProcessed(): number {
    return this.#processed;
  }

  /** How many items are here that the loop has not got yet. */
  getPending(): number {
    return this.#queue.length - this.#taken;
  }

  /** How many items came from the store. */
  getReceived(): number {
    return this.#received;
  }

  /** Ends the loop: without more items, or, given an error, by throwing it. */
  stop(error?: Error): void {
    if (this.#stopped) return;
    this.#stopped = true;
    this.#failure = error;
    this.#source.close();
    this.#resolveClosed(error);
  }

  /** Resolves when it has ended, with the error if it ended with one. */
  closed(): Promise<void | Error> {
    return this.#closed;
  }

  /** Once only. */
  [Symbol.asyncIterator](): AsyncIterator<Item> {
    if (this.#iterating) throw badRequest("it is being iterated already");
    this.#iterating = true;
    return this.#iterate();
  }

  /** As `stop()`. */
  [Symbol.asyncDispose](): Promise<void> {
    this.stop();
    return Promise.resolve();
  }

  async *#iterate(): AsyncGenerator<Item, void, undefined> {
    try {
      for (;;) {
        while (this.#taken < this.#queue.length && !this.#stopped) {
          const item = this.#queue[this.#taken] as Item;
          this.#taken += 1;
          this.#processed += 1;
          yield item;
        }
        if (this.#stopped) break;
        await Promise.race([this.#fill(), this.#closed]);
      }
      if (this.#failure !== undefined) throw this.#failure;
    } finally {
      this.stop();
    }
  }

  async #fill(): Promise<void> {
    let batch: readonly Item[] | undefined;
    try {
      batch = await this.#source.next();
    } catch (failure) {
      if (this.#stopped) return;
      // Told by the loop that waits for it, or by whoever began it.
      this.stop(failure instanceof Error ? failure : new Error(String(failure)));
      throw failure;
    }
    if (this.#stopped) return;
    if (batch === undefined) {
      this.stop();
      return;
    }
    this.#received += batch.length;
    this.#queue = batch;
    this.#taken = 0;
  }
}

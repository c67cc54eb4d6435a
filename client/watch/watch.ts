/** A watch as users hold it: what happens to keys, one after the other, for as long as they want to know. */
import type { Cancel } from "../../infra/clock/clock.ts";
import type { SynodError } from "../../infra/errors/synod-error.ts";
import type { Revision } from "../../kv/revision.ts";
import type { Caller } from "../caller.ts";
import { requireNotAborted } from "../caller.ts";
import { AbortedError, TimeoutError } from "../errors.ts";
import { badRequest } from "../options.ts";
import {
  WatchCore,
  type WatchListener,
  type WatchRequest,
  type WatchStatus,
} from "./watch-core.ts";
import type { WatchedChange } from "./watched-change.ts";

/** How far a watch has come in one store group. */
export interface WatchProgress {
  /** The store group's name. */
  readonly group: string;
  /** Everything that changed up to this revision has been handed out. */
  readonly revision: Revision;
}

/** What a watch tells beside changes. One that throws ends the watch with what it has thrown. */
export interface WatchCallbacks {
  /** About every second for each store group, also when nothing changes. */
  readonly onProgress?: (progress: WatchProgress) => void;
  /** Whenever `status` changes. */
  readonly onStatus?: (status: WatchStatus) => void;
  /** What the watch began with has been handed out: what follows are changes as they are made. */
  readonly onInitialized?: () => void;
}

/**
 * Makes of a change what users get. The value may be kept. `leftToBegin`: how many of those come behind it that the watch
 * began with; undefined for what came later.
 */
export type ConvertChange<Event> = (
  change: WatchedChange,
  leftToBegin: number | undefined,
) => Event;

export interface OpenedWatch<Event> extends WatchCallbacks {
  readonly request: WatchRequest;
  readonly convert: ConvertChange<Event>;
  readonly signal?: AbortSignal | undefined;
}

interface Waiting<Event> {
  readonly resolve: (result: IteratorResult<Event, undefined>) => void;
  readonly reject: (failure: Error) => void;
}

const done: IteratorResult<never, undefined> = { done: true, value: undefined };

/**
 * Changes of keys, as an async iterable that ends when it is told to. Every change is handed out once; those of one
 * store group in order of their revisions, whatever happens to nodes, leaders, NATS servers and connections meanwhile.
 * Changes of different groups come in any order.
 *
 * A consumer that is slow holds nothing up and loses nothing: a bounded number of changes waits for it, the rest is read
 * from history when it comes to it. Only when it is behind for longer than history is kept (10 minutes unless configured)
 * does the iteration throw a `WatchGapError`, which says how to go on. It never ends by itself otherwise, except with
 * `CLIENT_CLOSED`, `AbortedError`, and what is wrong with the request.
 *
 * Leaving the loop, `stop()`, and the end of an `await using` let go of everything.
 *
 * @example
 * for await (const entry of await bucket.watch({ key: "config.>" })) {
 *   console.log(entry.operation, entry.key, entry.string());
 * }
 */
export class Watch<Event> implements AsyncIterableIterator<Event, undefined>, AsyncDisposable {
  readonly #core: WatchCore;
  readonly #convert: ConvertChange<Event>;
  readonly #waiting: Waiting<Event>[] = [];
  readonly #closed: Promise<void | Error>;
  readonly #placed: Promise<void>;
  #resolveClosed: (reason: void | Error) => void = () => {};
  #resolvePlaced: () => void = () => {};
  #rejectPlaced: (failure: Error) => void = () => {};
  #processed = 0;
  /** It has ended for the consumer. */
  #over = false;
  /** Thrown once, by the iteration. */
  #failure: Error | undefined;
  #forgetSignal: (() => void) | undefined;

  /** @internal */
  constructor(caller: Caller, opened: OpenedWatch<Event>) {
    const { request, convert, signal } = opened;
    if (signal !== undefined) requireNotAborted(signal);
    this.#convert = convert;
    this.#closed = new Promise((resolve) => {
      this.#resolveClosed = resolve;
    });
    this.#placed = new Promise((resolve, reject) => {
      this.#resolvePlaced = resolve;
      this.#rejectPlaced = reject;
    });
    // Whoever opened it may never ask.
    this.#placed.catch(() => {});
    this.#core = new WatchCore(caller.core.watches, request, this.#listenerFor(opened));
    if (signal !== undefined) {
      this.#forgetSignal = caller.aborts.heed(signal, () => {
        this.stop(new AbortedError("the watch was aborted", signal.reason, "not executed"));
      });
    }
    this.#core.begin();
  }

  /**
   * @internal Resolves when the store has answered: whatever is written from then on is handed out. Rejects, and the
   * watch is over, when that takes longer.
   */
  async opened(caller: Caller, limitMs: number): Promise<this> {
    let cancel: Cancel = () => {};
    const late = new Promise<never>((_, reject) => {
      cancel = caller.clock.after(limitMs, () => {
        const claim = `the watch found no store group that answered within ${limitMs} ms`;
        reject(new TimeoutError(claim, limitMs, "not executed"));
      });
    });
    try {
      await Promise.race([this.#placed, late]);
    } catch (failure) {
      this.stop();
      throw failure;
    } finally {
      cancel();
    }
    return this;
  }

  /** How it is doing; a watch that is `disconnected` goes on by itself as soon as it can. */
  get status(): WatchStatus {
    return this.#core.status;
  }

  /**
   * Where another watch of the same keys, in this process or another, goes on: behind every change that was handed out.
   * Undefined for a moment at the beginning of a watch that tells of updates only. Keep it after each change that was
   * dealt with.
   */
  get cursor(): string | undefined {
    return this.#core.cursorText;
  }

  /** The next change; waits for it. Rejects once when the watch has failed. */
  next(): Promise<IteratorResult<Event, undefined>> {
    if (this.#waiting.length === 0) {
      const taken = this.#take();
      if (taken !== undefined) return Promise.resolve(taken);
      this.#lookAtEnd();
    }
    if (!this.#over)
      return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }));
    const failure = this.#failure;
    this.#failure = undefined;
    return failure === undefined ? Promise.resolve(done) : Promise.reject(failure);
  }

  /** Called by a loop that is left. */
  return(): Promise<IteratorResult<Event, undefined>> {
    this.stop();
    return Promise.resolve(done);
  }

  /** Once only: there is one consumer. */
  [Symbol.asyncIterator](): this {
    return this;
  }

  /** Ends it: without more changes or, given an error, by throwing it. */
  stop(error?: Error): void {
    this.#finish(error);
  }

  /** Resolves when it has ended, with the error if it ended with one. */
  closed(): Promise<void | Error> {
    return this.#closed;
  }

  /** How many changes were handed out. */
  getProcessed(): number {
    return this.#processed;
  }

  /** How many changes are here that were not handed out yet. */
  getPending(): number {
    return this.#core.waiting;
  }

  /** How many changes came in so far. */
  getReceived(): number {
    return this.#core.received;
  }

  /** As `stop()`. */
  [Symbol.asyncDispose](): Promise<void> {
    this.stop();
    return Promise.resolve();
  }

  #listenerFor({ onProgress, onStatus, onInitialized }: WatchCallbacks): WatchListener {
    return {
      readable: () => this.#serve(),
      placed: () => this.#resolvePlaced(),
      initialized: () => this.#tell(() => onInitialized?.()),
      progressed: (group, revision) => this.#tell(() => onProgress?.({ group, revision })),
      statusChanged: (status) => this.#tell(() => onStatus?.(status)),
    };
  }

  /** What a caller's callback throws must not reach those who call it: the connection, and other watches. */
  #tell(callBack: () => void): void {
    try {
      callBack();
    } catch (failure) {
      this.#finish(failure instanceof Error ? failure : new Error(String(failure)));
    }
  }

  #serve(): void {
    while (this.#waiting.length > 0) {
      const taken = this.#take();
      if (taken === undefined) break;
      this.#waiting.shift()?.resolve(taken);
    }
    this.#lookAtEnd();
  }

  #take(): IteratorResult<Event, undefined> | undefined {
    if (this.#over) return undefined;
    const change = this.#core.take();
    if (change === undefined) return undefined;
    this.#processed++;
    const { value } = change;
    // What other watches of this client share must not be the caller's.
    const own = value.length === 0 ? change : { ...change, value: value.slice() };
    try {
      return { done: false, value: this.#convert(own, this.#core.leftToBegin) };
    } catch (failure) {
      // A codec of the caller's: the iteration throws what it threw.
      this.#finish(failure instanceof Error ? failure : new Error(String(failure)));
      return undefined;
    }
  }

  /** What came before a failure is handed out first. */
  #lookAtEnd(): void {
    const failure: SynodError | undefined = this.#core.failure;
    if (failure !== undefined) this.#finish(failure);
  }

  #finish(failure: Error | undefined): void {
    if (this.#over) return;
    this.#over = true;
    this.#forgetSignal?.();
    this.#core.stop();
    this.#rejectPlaced(failure ?? badRequest("the watch was stopped before it began"));
    const [first, ...others] = this.#waiting.splice(0);
    if (failure === undefined) first?.resolve(done);
    else if (first === undefined) this.#failure = failure;
    else first.reject(failure);
    for (const { resolve } of others) resolve(done);
    this.#resolveClosed(failure);
  }
}

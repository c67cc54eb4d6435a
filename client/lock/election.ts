/** Electing one of several candidates: whoever has the key leads. */
import { SynodError } from "../../infra/errors/synod-error.ts";
import type { WatchEntry } from "../bucket-watch.ts";
import { requireNotAborted } from "../caller.ts";
import type { Entry } from "../entry.ts";
import { AbortedError } from "../errors.ts";
import { badRequest, noOptions, type CallOptions } from "../options.ts";
import type { Watch } from "../watch/watch.ts";
import type { Lock, LockOptions } from "./lock.ts";

/** What `elect` takes. `signal` ends the candidacy, as `resign()` does. */
export interface ElectOptions extends Omit<LockOptions, "timeoutMs"> {
  /**
   * Called whenever this candidate is elected. Given, the candidate campaigns at once, and again whenever it has lost, until
   * it resigns. A rejection has it resign, and is what `closed()` resolves with.
   */
  readonly onElected?: (leadership: Lock) => void | Promise<void>;
}

/** What an election needs of its bucket. */
export interface Ballot {
  readonly name: string;
  lock(options: LockOptions): Promise<Lock>;
  leader(options: CallOptions): Promise<Entry | null>;
  observe(options: CallOptions): Promise<Watch<WatchEntry>>;
}

/**
 * One candidate in an election, whose key holds the leader's `value`. At most one candidate leads at a time, in the sense
 * and with the fencing token of `Lock`.
 *
 * @example
 * await using election = bucket.elect("scheduler", {
 *   value: hostname,
 *   onElected: (leadership) => runSchedule(leadership.signal, leadership.token),
 * });
 */
export class Election implements AsyncDisposable {
  /** The key's name. */
  readonly name: string;
  readonly #ballot: Ballot;
  readonly #options: ElectOptions;
  /** Ends campaigns under way. */
  readonly #resigned = new AbortController();
  readonly #closed: Promise<void | Error>;
  #resolveClosed: (reason: void | Error) => void = () => {};
  /** Under way: those that end without the lock as well. */
  readonly #campaigns = new Set<Promise<unknown>>();
  /** Fires when one of the campaigns under way has the lock: the others wait for what this candidate has itself. */
  #elected = new AbortController();
  #leadership: Lock | undefined;
  #running: Promise<void> = Promise.resolve();

  /** @internal */
  constructor(ballot: Ballot, options: ElectOptions) {
    const { signal, onElected } = options;
    if (signal !== undefined && !(signal instanceof AbortSignal)) {
      throw badRequest("signal is no AbortSignal");
    }
    if (onElected !== undefined && typeof onElected !== "function") {
      throw badRequest("onElected is no function");
    }
    this.name = ballot.name;
    this.#ballot = ballot;
    this.#options = options;
    this.#closed = new Promise((resolve) => {
      this.#resolveClosed = resolve;
    });
    if (signal !== undefined) {
      const resign = (): void => void this.resign();
      if (signal.aborted) resign();
      else signal.addEventListener("abort", resign, { once: true });
      void this.#closed.then(() => signal.removeEventListener("abort", resign));
    }
    if (onElected !== undefined) this.#running = this.#run(onElected);
  }

  /** What this candidate leads by; undefined while it does not. */
  get leadership(): Lock | undefined {
    return this.#leadership?.isHeld === true ? this.#leadership : undefined;
  }

  /**
   * Waits until this candidate leads, and answers with what it leads by; at once when it leads already. Not for candidates
   * with `onElected`, which campaign by themselves.
   */
  campaign(options: CallOptions = noOptions): Promise<Lock> {
    if (this.#options.onElected !== undefined) {
      return Promise.reject(badRequest("a candidate with onElected campaigns by itself"));
    }
    return this.#campaign(options);
  }

  /** Gives up leading and campaigning, for good. Others are elected at once. Does not fail. */
  async resign(): Promise<void> {
    this.#resigned.abort(new SynodError("ABORTED", "the candidate has resigned"));
    await this.#leadership?.release();
    // Whichever gets the lock even so gives it back.
    await Promise.allSettled(this.#campaigns);
    await this.#running;
    this.#resolveClosed();
  }

  /** Resolves when the candidate has resigned, with the error if there was one that made it. */
  closed(): Promise<void | Error> {
    return this.#closed;
  }

  /** The entry of who leads now: its value, its revision, since when. Null while nobody does. */
  leader(options: CallOptions = noOptions): Promise<Entry | null> {
    return this.#ballot.leader(options);
  }

  /**
   * Who leads, from now on: a watch of the key. Every renewal is told as well, as a `PUT` of the same value; anything else
   * than a `PUT` says that nobody leads.
   */
  observe(options: CallOptions = noOptions): Promise<Watch<WatchEntry>> {
    return this.#ballot.observe(options);
  }

  /** As `resign()`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.resign();
  }

  #campaign(options: CallOptions): Promise<Lock> {
    if (this.#leadership?.isHeld === true) return Promise.resolve(this.#leadership);
    const campaign = this.#lockedBy(options).finally(() => this.#campaigns.delete(campaign));
    this.#campaigns.add(campaign);
    return campaign;
  }

  async #lockedBy({ signal, timeoutMs }: CallOptions): Promise<Lock> {
    if (signal !== undefined) requireNotAborted(signal);
    const { ttlMs, value } = this.#options;
    const resigned = this.#resigned.signal;
    const elected = this.#elected.signal;
    try {
      const leadership = await this.#ballot.lock({
        ...(ttlMs === undefined ? {} : { ttlMs }),
        ...(value === undefined ? {} : { value }),
        ...(timeoutMs === undefined ? {} : { timeoutMs }),
        signal: AbortSignal.any([resigned, elected, ...(signal === undefined ? [] : [signal])]),
      });
      if (resigned.aborted) {
        await leadership.release();
        throw new AbortedError("the candidate has resigned", resigned.reason, "not executed");
      }
      this.#leadership = leadership;
      this.#elected.abort();
      this.#elected = new AbortController();
      return leadership;
    } catch (failure) {
      const isOver = resigned.aborted || signal?.aborted === true;
      if (elected.aborted && !isOver && this.#leadership !== undefined) return this.#leadership;
      throw failure;
    }
  }

  /** Campaigns, leads, and campaigns again. Never rejects. */
  async #run(onElected: (leadership: Lock) => void | Promise<void>): Promise<void> {
    try {
      while (!this.#resigned.signal.aborted) {
        const leadership = await this.#campaign(noOptions);
        await leads(leadership, onElected);
      }
    } catch (failure) {
      await this.#leadership?.release();
      const hasResigned = failure instanceof AbortedError && this.#resigned.signal.aborted;
      const reason = failure instanceof Error ? failure : new Error(String(failure));
      this.#resolveClosed(hasResigned ? undefined : reason);
    }
  }
}

/** Resolves when the leadership is over; rejects as soon as what the user does with it fails. */
async function leads(
  leadership: Lock,
  onElected: (leadership: Lock) => void | Promise<void>,
): Promise<void> {
  const failed = new Promise<never>((_, reject) => {
    Promise.resolve(onElected(leadership)).catch(reject);
  });
  await Promise.race([leadership.ended, failed]);
}

/** A lock as whoever has it sees it. */
import { SynodError } from "../../infra/errors/synod-error.ts";
import type { Revision } from "../../kv/revision.ts";
import type { Value } from "../input.ts";
import type { CallOptions } from "../options.ts";
import type { Tenure } from "./tenure.ts";

/** What `lock` takes. Without `timeoutMs` it waits until it has the lock; `signal` ends the waiting. */
export interface LockOptions extends CallOptions {
  /**
   * How long after its last renewal a lock is free whose holder is gone, in milliseconds: 10,000 unless given, 1,000 at
   * least. It is renewed every quarter, and counts as lost when three quarters have passed without.
   */
  readonly ttlMs?: number;
  /** What the key holds meanwhile, for others to see who has it: something random unless given. */
  readonly value?: Value;
}

/**
 * A lock that is held until it is released, or lost: it is renewed in the background. Only one holder at a time believes
 * to have it: time counts from before a renewal was sent, and a holder gives up a quarter of `ttlMs` before the key can
 * expire, so that the clocks of nodes may be apart by that much.
 *
 * A holder that stands still (a paused process, a long garbage collection) learns of a loss only when it goes on. What must
 * never be done by two goes with the `token`: it grows with every holder, so whatever is protected refuses a smaller one
 * than it has seen.
 *
 * @example
 * await using lock = await bucket.lock("import", { ttlMs: 10_000 });
 * await fetch(url, { signal: lock.signal, headers: { "Fencing-Token": String(lock.token) } });
 */
export class Lock implements AsyncDisposable {
  /** The lock's key, as text. */
  readonly name: string;
  readonly #tenure: Tenure;

  /** @internal */
  constructor(name: string, tenure: Tenure) {
    this.name = name;
    this.#tenure = tenure;
  }

  /** The fencing token: the revision at which the lock was taken, larger than that of any holder before. */
  get token(): Revision {
    return this.#tenure.token;
  }

  /** Fires when the lock is lost, never later than it could be another's. Its reason is a `SynodError`, `LOCK_LOST`. */
  get signal(): AbortSignal {
    return this.#tenure.signal;
  }

  /** Whether it is held at this very moment, by the clock: also right after a pause, before `signal` could fire. */
  get isHeld(): boolean {
    return this.#tenure.isHeld;
  }

  /** Resolves when it is not held any more: released, or lost. */
  get ended(): Promise<void> {
    return this.#tenure.ended;
  }

  /** Throws `LOCK_LOST` unless it is held at this moment. */
  requireHeld(): void {
    if (this.isHeld) return;
    const reason: unknown = this.signal.reason;
    throw reason instanceof SynodError ? reason : notHeld(this.name);
  }

  /**
   * Gives it back, so that the next one has it at once. Does not fail: when the store cannot be reached, the lock is free
   * after `ttlMs`. What is lost or released already stays as it is; a second call waits for the first.
   */
  release(): Promise<void> {
    return this.#tenure.release();
  }

  /** As `release()`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.release();
  }
}

function notHeld(name: string): SynodError {
  return new SynodError("LOCK_LOST", `the lock ${name} is not held any more`);
}

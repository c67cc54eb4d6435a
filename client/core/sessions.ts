/** Sessions: what a group recognises a repeated frame by, so that it takes effect once however often it is sent. */
import type { Clock } from "../../infra/clock/clock.ts";
import type { Randomness } from "../../infra/randomness/randomness.ts";
import { sessionIdBytes } from "../../infra/codec/formats.ts";
import type { SessionId } from "../../kv/frame.ts";
import type { Revision } from "../../kv/revision.ts";
import type { ClientLimits } from "./limits.ts";
import { Numbering } from "./numbering.ts";

export class Session {
  readonly id: SessionId;
  readonly born: Revision;
  readonly openedMs: number;
  readonly #numberings = new Map<string, Numbering>();

  constructor(id: SessionId, born: Revision, openedMs: number) {
    this.id = id;
    this.born = born;
    this.openedMs = openedMs;
  }

  /** Each group counts for itself. */
  numbering(group: string): Numbering {
    let numbering = this.#numberings.get(group);
    if (numbering === undefined) {
      numbering = new Numbering();
      this.#numberings.set(group, numbering);
    }
    return numbering;
  }
}

/** A cluster's time, as a route told it. */
export interface BirthStamp {
  readonly stamp: Revision;
  /** Monotonic time of the answer. */
  readonly receivedMs: number;
}

export interface SessionsOptions {
  readonly clock: Clock;
  readonly randomness: Randomness;
  readonly limits: ClientLimits;
  readonly newestStamp: () => BirthStamp | undefined;
  readonly wantStamp: () => void;
}

export class Sessions {
  readonly #options: SessionsOptions;
  #current: Session | undefined;
  /** A session must not be born at a stamp from before this. */
  #stampsFromMs = -Infinity;

  constructor(options: SessionsOptions) {
    this.#options = options;
  }

  /**
   * The session for new frames; frames of an older one go on under theirs. Undefined until there is a fresh stamp to
   * be born at, which is asked for.
   */
  current(): Session | undefined {
    const { clock, limits } = this.#options;
    const nowMs = clock.monotonicMs();
    const current = this.#current;
    if (current !== undefined && nowMs - current.openedMs < limits.sessionAgeMsMax) return current;
    this.#current = this.#open(nowMs);
    return this.#current;
  }

  /** A node says the session is past its lifetime, although our clock does not: the machine was suspended. */
  retire(session: Session): void {
    if (this.#current !== session) return;
    this.#current = undefined;
    this.#stampsFromMs = this.#options.clock.monotonicMs();
    this.#options.wantStamp();
  }

  #open(nowMs: number): Session | undefined {
    const { randomness, limits, newestStamp, wantStamp } = this.#options;
    const newest = newestStamp();
    const freshFromMs = Math.max(this.#stampsFromMs, nowMs - limits.birthStampAgeMsMax);
    if (newest === undefined || newest.receivedMs < freshFromMs) {
      wantStamp();
      return undefined;
    }
    const id = String.fromCharCode(...randomness.bytes(sessionIdBytes));
    return new Session(id, newest.stamp, nowMs);
  }
}

/**
 * Who waits for which writing request on this node. Answers are matched by the request's identity and come only from
 * applied entries: what this node answers is true whoever leads by then.
 */
import type { ErrorCode } from "../../infra/errors/error-table.ts";
import {
  loggedKind,
  type ExecutedFrame,
  type Frame,
  type FrameOutcome,
  type Logged,
  type Request,
} from "../../kv/frame.ts";

export interface Refusal {
  readonly code: ErrorCode;
  readonly message: string;
  /** The node to try instead. */
  readonly hint: string | undefined;
}

/** Whoever waits for an answer, and knows how to say it. */
export interface Waiter {
  executed(answer: ExecutedFrame): void;
  /** `decided`: by the log, and not by this attempt alone. */
  refused(refusal: Refusal, decided: boolean): void;
}

export interface Awaited {
  /** Of the newest attempt. */
  waiter: Waiter;
  /** The request is in a proposed entry: from here on only the log knows its outcome. */
  proposed: boolean;
  /** Of a request without a session; 0 for a frame. */
  readonly hash: number;
}

export class Answers {
  /** By session and number, or by identity: the one is longer than the other. */
  readonly #awaited = new Map<string, Awaited>();
  /** Requests under an identity that another request, with another hash, already has. By both. */
  readonly #clashing = new Map<string, Awaited>();

  get size(): number {
    return this.#awaited.size + this.#clashing.size;
  }

  /** Undefined when the frame is already on its way: the answer will go to the newer attempt. */
  expectFrame(frame: Pick<Frame, "session" | "number">, waiter: Waiter): Awaited | undefined {
    return expectIn(this.#awaited, keyOfFrame(frame), 0, waiter);
  }

  /** As for frames. */
  expectRequest(request: Pick<Request, "identity" | "hash">, waiter: Waiter): Awaited | undefined {
    const { identity, hash } = request;
    const other = this.#awaited.get(identity);
    const clashes = other !== undefined && other.hash !== hash;
    if (clashes || this.#clashing.size > 0) {
      const key = clashingKeyOf(request);
      if (clashes || this.#clashing.has(key)) return expectIn(this.#clashing, key, hash, waiter);
    }
    return expectIn(this.#awaited, identity, hash, waiter);
  }

  /** The request's entry was applied. */
  applied(logged: Logged, outcome: FrameOutcome): void {
    // Where nobody waits, as on every follower, no key is made.
    if (this.size === 0) return;
    const waiter =
      logged.kind === loggedKind.frame ? this.#ofFrame(logged) : this.#ofRequest(logged);
    if (waiter === undefined) return;
    if (!outcome.refused) return waiter.executed(outcome);
    waiter.refused({ code: outcome.code, message: outcome.message, hint: undefined }, true);
  }

  /** What was never proposed is certainly not executed by this attempt. */
  refuseUnproposed(refusal: Refusal): void {
    this.#refuse(refusal, false);
  }

  /** What was proposed may be chosen by another leader, or never. */
  abandonProposed(message: string, hint: string | undefined): void {
    this.#refuse({ code: "LEADERSHIP_LOST", message, hint }, true);
  }

  #ofFrame(frame: Frame): Waiter | undefined {
    const key = keyOfFrame(frame);
    const awaited = this.#awaited.get(key);
    if (awaited === undefined) return undefined;
    this.#awaited.delete(key);
    return awaited.waiter;
  }

  #ofRequest(request: Request): Waiter | undefined {
    const { identity, hash } = request;
    const awaited = this.#awaited.get(identity);
    if (awaited?.hash === hash) {
      this.#awaited.delete(identity);
      return awaited.waiter;
    }
    if (this.#clashing.size === 0) return undefined;
    const key = clashingKeyOf(request);
    const clashing = this.#clashing.get(key);
    this.#clashing.delete(key);
    return clashing?.waiter;
  }

  #refuse(refusal: Refusal, proposed: boolean): void {
    for (const all of [this.#awaited, this.#clashing]) {
      for (const [key, awaited] of all) {
        if (awaited.proposed !== proposed) continue;
        all.delete(key);
        awaited.waiter.refused(refusal, false);
      }
    }
  }
}

function expectIn(
  all: Map<string, Awaited>,
  key: string,
  hash: number,
  waiter: Waiter,
): Awaited | undefined {
  const awaited = all.get(key);
  if (awaited !== undefined) {
    awaited.waiter = waiter;
    return undefined;
  }
  const expected = { waiter, proposed: false, hash };
  all.set(key, expected);
  return expected;
}

/** Session ids are 16 characters, so that the number behind them is unambiguous. */
function keyOfFrame({ session, number }: Pick<Frame, "session" | "number">): string {
  return session + number;
}

/** The hash belongs to it: another request under the same identity has an answer of its own. */
function clashingKeyOf({ identity, hash }: Pick<Request, "identity" | "hash">): string {
  return `${identity}${hash}`;
}

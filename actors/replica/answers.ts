/**
 * Who waits for which writing request on this node. Answers are matched by the request's identity and come only from
 * applied entries: what this node answers is true whoever leads by then.
 */
import type { ErrorCode } from "../../infra/errors/error-table.ts";
import {
  loggedKind,
  type ExecutedFrame,
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

interface Awaited {
  /** Of the newest attempt. */
  waiter: Waiter;
  /** The request is in a proposed entry: from here on only the log knows its outcome. */
  proposed: boolean;
}

export class Answers {
  readonly #awaited = new Map<string, Awaited>();

  get size(): number {
    return this.#awaited.size;
  }

  /** False when the request is already on its way: the answer will go to the newer attempt. */
  expect(key: string, waiter: Waiter): boolean {
    const awaited = this.#awaited.get(key);
    if (awaited !== undefined) {
      awaited.waiter = waiter;
      return false;
    }
    this.#awaited.set(key, { waiter, proposed: false });
    return true;
  }

  noteProposed(key: string): void {
    const awaited = this.#awaited.get(key);
    if (awaited !== undefined) awaited.proposed = true;
  }

  /** The request's entry was applied. */
  applied(logged: Logged, outcome: FrameOutcome): void {
    // Where nobody waits, as on every follower, no key is made.
    if (this.#awaited.size === 0) return;
    const key = logged.kind === loggedKind.frame ? keyOfFrame(logged) : keyOfRequest(logged);
    const awaited = this.#awaited.get(key);
    if (awaited === undefined) return;
    this.#awaited.delete(key);
    const { waiter } = awaited;
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

  #refuse(refusal: Refusal, proposed: boolean): void {
    for (const [key, awaited] of this.#awaited) {
      if (awaited.proposed !== proposed) continue;
      this.#awaited.delete(key);
      awaited.waiter.refused(refusal, false);
    }
  }
}

/** Session ids are 16 characters, so that the number behind them is unambiguous. */
export function keyOfFrame({
  session,
  number,
}: {
  readonly session: string;
  readonly number: number;
}): string {
  return session + number;
}

/** The hash belongs to it: another request under the same identity has an answer of its own. */
export function keyOfRequest({ identity, hash }: Pick<Request, "identity" | "hash">): string {
  // Three characters instead of the digits: this is done twice for each request.
  return identity + String.fromCharCode(hash & 0xffff, hash >>> 16, 1);
}

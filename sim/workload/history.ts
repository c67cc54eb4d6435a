/** What clients asked, when, and what they were told. */
import type { ReadRequest, WriteRequest } from "../../infra/codec/request-encoder.ts";
import type { SynodError } from "../../infra/errors/synod-error.ts";
import type { OperationResult } from "../../kv/commands/result.ts";
import type { InternalKey } from "../../kv/state-reader.ts";
import type { HistoryObserver } from "../run-observer.ts";
import type { Freshness } from "../../client/core/freshness.ts";
import type { Place } from "../../client/core/call.ts";
import { Attempts } from "./attempts.ts";

export interface Told {
  readonly atMs: number;
  /** A copy: what the client lends is gone after the call. */
  readonly answer: Answer | SynodError;
}

export interface Answer {
  readonly result: OperationResult;
  /** Where in the log it was decided; raw answers do not say. */
  readonly place?: Place;
  /** Where an operation on a range has to go on; undefined when it was done. */
  readonly rest?: InternalKey | undefined;
}

export interface Recorded {
  readonly client: string;
  readonly operation: WriteRequest | ReadRequest;
  readonly stale: boolean;
  readonly invokedMs: number;
  /** Undefined while nothing was told. */
  told: Told | undefined;
}

export class History {
  observer: HistoryObserver | undefined;
  readonly operations: Recorded[] = [];
  readonly attempts = new Attempts();
  /** Of stale reads: what they may not be older than. */
  readonly freshness = new Map<Recorded, Freshness>();
  #answered = 0;
  #failed = 0;

  begin(recorded: Omit<Recorded, "told">): Recorded {
    const begun: Recorded = { ...recorded, told: undefined };
    this.operations.push(begun);
    this.observer?.begun(begun);
    return begun;
  }

  end(recorded: Recorded, told: Told): void {
    recorded.told = told;
    if ("result" in told.answer) this.#answered += 1;
    else this.#failed += 1;
    this.observer?.ended(recorded);
  }

  noteFreshness(recorded: Recorded, freshness: Freshness): void {
    this.freshness.set(recorded, freshness);
  }

  get open(): number {
    return this.operations.length - this.#answered - this.#failed;
  }

  get answered(): number {
    return this.#answered;
  }

  get failed(): number {
    return this.#failed;
  }
}

/** Turns the core's callbacks into promises: one promise and one small object for each call, nothing else. */
import type { Clock } from "../infra/clock/clock.ts";
import type { ReadRequest, WriteRequest } from "../infra/codec/request-encoder.ts";
import type { SynodError } from "../infra/errors/synod-error.ts";
import type { Randomness } from "../infra/randomness/randomness.ts";
import type { Get } from "../kv/commands/operation.ts";
import type { OperationResult } from "../kv/commands/result.ts";
import type { InternalKey } from "../kv/state-reader.ts";
import { AbortWatch } from "./abort-watch.ts";
import type { Call, Completion, Place } from "./core/call.ts";
import type { ClientCore } from "./core/client-core.ts";
import type { Freshness } from "./core/freshness.ts";
import { Deadline } from "./deadline.ts";
import { AbortedError } from "./errors.ts";
import { badRequest, timeoutMsOf, type CallOptions } from "./options.ts";

/** Makes of a result what the caller gets. Values in it are lent for the call. */
export type Convert<Answer> = (
  result: OperationResult,
  operation: WriteRequest | ReadRequest,
  place: Place,
  rest: InternalKey | undefined,
) => Answer;

/** What the newest promise is settled by. One executor serves all: a closure for each is as large as the promise. */
const newest: {
  resolve: (answer: never) => void;
  reject: (failure: unknown) => void;
} = { resolve: () => undefined, reject: () => undefined };

function noteNewest(resolve: (answer: never) => void, reject: (failure: unknown) => void): void {
  newest.resolve = resolve;
  newest.reject = reject;
}

class Settling<Answer> implements Completion {
  readonly promise: Promise<Answer>;
  /** Set when an abort signal has to be let go. */
  settled: (() => void) | undefined = undefined;
  readonly #resolve: (answer: Answer) => void;
  readonly #reject: (failure: unknown) => void;
  readonly #operation: WriteRequest | ReadRequest;
  readonly #convert: Convert<Answer>;

  constructor(operation: WriteRequest | ReadRequest, convert: Convert<Answer>) {
    this.promise = new Promise<Answer>(noteNewest);
    this.#resolve = newest.resolve as (answer: Answer) => void;
    this.#reject = newest.reject;
    this.#operation = operation;
    this.#convert = convert;
  }

  succeeded(result: OperationResult, place: Place, rest: InternalKey | undefined): void {
    this.settled?.();
    this.#resolve(this.#convert(result, this.#operation, place, rest));
  }

  failed(failure: SynodError): void {
    this.settled?.();
    this.#reject(failure);
  }

  /** The call was not made at all. */
  refused(thrown: unknown): void {
    this.#reject(thrown);
  }
}

export interface CallerOptions {
  readonly core: ClientCore;
  readonly clock: Clock;
  readonly randomness: Randomness;
  /** For calls that name none. */
  readonly timeoutMs: number;
}

export class Caller {
  readonly core: ClientCore;
  readonly clock: Clock;
  readonly randomness: Randomness;
  readonly timeoutMs: number;
  readonly aborts = new AbortWatch();

  constructor({ core, clock, randomness, timeoutMs }: CallerOptions) {
    this.core = core;
    this.clock = clock;
    this.randomness = randomness;
    this.timeoutMs = timeoutMs;
  }

  deadline({ timeoutMs = this.timeoutMs }: CallOptions): Deadline {
    return new Deadline(this.clock, timeoutMs);
  }

  write<Answer>(
    operation: WriteRequest,
    options: CallOptions,
    convert: Convert<Answer>,
  ): Promise<Answer> {
    const settling = new Settling(operation, convert);
    try {
      const call = this.core.write(operation, this.#timeoutMs(options), settling);
      if (options.signal !== undefined) this.#heed(options.signal, call, settling);
    } catch (thrown) {
      settling.refused(thrown);
    }
    return settling.promise;
  }

  read<Answer>(
    operation: ReadRequest,
    freshness: Freshness,
    options: CallOptions,
    convert: Convert<Answer>,
  ): Promise<Answer> {
    const settling = new Settling(operation, convert);
    try {
      const call = this.core.read(operation, freshness, this.#timeoutMs(options), settling);
      if (options.signal !== undefined) this.#heed(options.signal, call, settling);
    } catch (thrown) {
      settling.refused(thrown);
    }
    return settling.promise;
  }

  /** Those of one group are answered from one state, as far as they fit into one frame. Throws as the core does. */
  readMany<Answer>(
    operations: readonly Get[],
    freshness: Freshness,
    options: CallOptions,
    convert: Convert<Answer>,
  ): Promise<Answer>[] {
    const timeoutMs = this.#timeoutMs(options);
    const settlings = operations.map((operation) => new Settling(operation, convert));
    const calls = this.core.readMany(operations, freshness, timeoutMs, settlings);
    const { signal } = options;
    if (signal !== undefined) {
      for (const [at, call] of calls.entries()) {
        this.#heed(signal, call, settlings[at] as Settling<Answer>);
      }
    }
    return settlings.map(({ promise }) => promise);
  }

  #timeoutMs({ timeoutMs, signal }: CallOptions): number {
    if (signal !== undefined) requireNotAborted(signal);
    return timeoutMs === undefined ? this.timeoutMs : timeoutMsOf(timeoutMs);
  }

  #heed(signal: AbortSignal, call: Call, settling: Pick<Settling<unknown>, "settled">): void {
    const abort = (): void => this.core.abort(call, signal.reason);
    settling.settled = this.aborts.heed(signal, abort);
  }
}

/** Nothing is sent for a caller that has stopped waiting already. */
export function requireNotAborted(signal: AbortSignal): void {
  if (!(signal instanceof AbortSignal)) throw badRequest("signal is no AbortSignal");
  if (!signal.aborted) return;
  throw new AbortedError("the call was aborted before it began", signal.reason, "not executed");
}

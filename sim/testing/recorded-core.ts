/** A client that writes down what it was asked and what it told, so that all of it can be judged together. */
import type { Call, Completion } from "../../client/core/call.ts";
import { ClientCore, type ClientCoreOptions } from "../../client/core/client-core.ts";
import { linearizable, quorum, type Freshness } from "../../client/core/freshness.ts";
import type { SimulatedWorld } from "../../infra/clock/simulated-world.ts";
import type { ReadRequest, WriteRequest } from "../../infra/codec/request-encoder.ts";
import { SynodError } from "../../infra/errors/synod-error.ts";
import { operationKind, type Get, type TransactionOperation } from "../../kv/commands/operation.ts";
import type { History, Recorded, Told } from "../workload/history.ts";
import { copyOf } from "../workload/simulated-client.ts";

export interface RecordedCoreOptions extends ClientCoreOptions {
  readonly name: string;
  readonly world: SimulatedWorld;
  readonly history: History;
}

export class RecordedCore extends ClientCore {
  readonly #options: RecordedCoreOptions;

  constructor(options: RecordedCoreOptions) {
    super({
      ...options,
      framed: (frame, operations) => options.history.attempts.noteFrame(frame, operations),
    });
    this.#options = options;
  }

  override write(operation: WriteRequest, timeoutMs: number, completion: Completion): Call {
    const recorded = this.#begin(operation, undefined);
    return this.#refusedToo([recorded], () =>
      super.write(recorded.operation as WriteRequest, timeoutMs, this.#told(recorded, completion)),
    );
  }

  override read(
    operation: ReadRequest,
    freshness: Freshness,
    timeoutMs: number,
    completion: Completion,
  ): Call {
    const recorded = this.#begin(operation, freshness);
    return this.#refusedToo([recorded], () =>
      super.read(
        recorded.operation as ReadRequest,
        freshness,
        timeoutMs,
        this.#told(recorded, completion),
      ),
    );
  }

  override readMany(
    operations: readonly Get[],
    freshness: Freshness,
    timeoutMs: number,
    completions: readonly Completion[],
  ): readonly Call[] {
    const recorded = operations.map((operation) => this.#begin(operation, freshness));
    const told = completions.map((completion, at) =>
      this.#told(recorded[at] as Recorded, completion),
    );
    return this.#refusedToo(recorded, () => super.readMany(operations, freshness, timeoutMs, told));
  }

  #begin(operation: WriteRequest | ReadRequest, freshness: Freshness | undefined): Recorded {
    const { name, world, history } = this.#options;
    const stale = freshness !== undefined && freshness !== linearizable && freshness !== quorum;
    return history.begin({
      client: name,
      operation: ownCopyOf(operation),
      stale,
      invokedMs: world.nowMs,
    });
  }

  #told(recorded: Recorded, completion: Completion): Completion {
    return {
      succeeded: (result, place, rest) => {
        this.#end(recorded, { result: copyOf(result), place, rest });
        completion.succeeded(result, place, rest);
      },
      failed: (failure) => {
        this.#end(recorded, failure);
        completion.failed(failure);
      },
    };
  }

  /** What is not even begun is an answer too: it was not executed. */
  #refusedToo<Result>(recorded: readonly Recorded[], issue: () => Result): Result {
    try {
      return issue();
    } catch (error) {
      if (error instanceof SynodError) for (const one of recorded) this.#end(one, error);
      throw error;
    }
  }

  #end(recorded: Recorded, answer: Told["answer"]): void {
    const { history, world } = this.#options;
    history.end(recorded, { atMs: world.nowMs, answer });
  }
}

/** Values are windows onto the caller's bytes, which may be other bytes later. */
function ownCopyOf<Operation extends WriteRequest | ReadRequest>(operation: Operation): Operation {
  if (operation.kind === operationKind.put) return { ...operation, ...ownWindow(operation) };
  if (operation.kind !== operationKind.transaction) return operation;
  const operations = operation.operations.map((part: TransactionOperation) =>
    part.kind === operationKind.put ? { ...part, ...ownWindow(part) } : part,
  );
  return { ...operation, operations };
}

function ownWindow({
  source,
  start,
  end,
}: {
  readonly source: Uint8Array;
  readonly start: number;
  readonly end: number;
}) {
  return { source: source.slice(start, end), start: 0, end: end - start };
}

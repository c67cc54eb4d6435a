/** A client that writes down everything it asks and everything it is told. */
import { ClientCore } from "../../../client/core/client-core.ts";
import type { Completion } from "../../../client/core/call.ts";
import { linearizable, stale, type Freshness } from "../../../client/core/freshness.ts";
import { systemClock } from "../../../infra/clock/system-clock.ts";
import { internalKeyOf } from "../../../infra/codec/key-text.ts";
import type { ReadRequest, WriteRequest } from "../../../infra/codec/request-encoder.ts";
import { SynodError } from "../../../infra/errors/synod-error.ts";
import { systemRandomness } from "../../../infra/randomness/system-randomness.ts";
import { NatsTransport } from "../../../infra/transport/nats-transport.ts";
import { expectNothing, operationKind } from "../../../kv/commands/operation.ts";
import type { OperationResult } from "../../../kv/commands/result.ts";
import { newest } from "../../../kv/revision.ts";
import type { History, Recorded, Told } from "../../../sim/workload/history.ts";
import { copyOf } from "../../../sim/workload/simulated-client.ts";

export interface TestClientOptions {
  readonly name: string;
  /** It begins with the first. */
  readonly servers: readonly string[];
  readonly prefix: string;
  readonly history: History;
}

/** What a user gets who does not choose. */
const timeoutMsDefault = 5_000;

export class TestClient {
  readonly name: string;
  readonly #transport: NatsTransport;
  readonly #core: ClientCore;
  readonly #history: History;
  #issued = 0;

  constructor({ name, servers, prefix, history }: TestClientOptions) {
    this.name = name;
    this.#history = history;
    this.#transport = new NatsTransport({
      servers,
      inOrder: true,
      name,
      onProblem: () => undefined,
    });
    this.#core = new ClientCore({
      transport: this.#transport,
      clock: systemClock,
      randomness: systemRandomness,
      prefix,
    });
  }

  get connected(): boolean {
    return this.#transport.connected;
  }

  /** No two of its values are the same. */
  uniqueValue(): string {
    this.#issued += 1;
    return `${this.name}:${this.#issued}`;
  }

  put(key: string, value = this.uniqueValue(), timeoutMs = timeoutMsDefault): Promise<Recorded> {
    const source = Buffer.from(value);
    return this.#write(
      {
        kind: operationKind.put,
        key: internalKeyOf("default", key),
        source,
        start: 0,
        end: source.length,
        ttlMs: 0,
        expectation: expectNothing,
      },
      timeoutMs,
    );
  }

  increment(key: string, timeoutMs = timeoutMsDefault): Promise<Recorded> {
    const operation = {
      kind: operationKind.increment,
      key: internalKeyOf("default", key),
      delta: 1,
    } as const;
    return this.#write(operation, timeoutMs);
  }

  get(key: string, timeoutMs = timeoutMsDefault, freshness = linearizable): Promise<Recorded> {
    return this.#read(
      { kind: operationKind.get, key: internalKeyOf("default", key), at: newest },
      freshness,
      timeoutMs,
    );
  }

  getStale(key: string, timeoutMs = timeoutMsDefault): Promise<Recorded> {
    return this.get(key, timeoutMs, stale(0, 0));
  }

  async close(): Promise<void> {
    this.#core.close();
    await this.#transport.close();
  }

  #write(operation: WriteRequest, timeoutMs: number): Promise<Recorded> {
    return this.#issue(operation, false, (completion) => {
      this.#core.write(operation, timeoutMs, completion);
    });
  }

  #read(operation: ReadRequest, freshness: Freshness, timeoutMs: number): Promise<Recorded> {
    return this.#issue(operation, freshness !== linearizable, (completion) => {
      this.#core.read(operation, freshness, timeoutMs, completion);
    });
  }

  #issue(
    operation: WriteRequest | ReadRequest,
    isStale: boolean,
    issue: (completion: Completion) => void,
  ): Promise<Recorded> {
    const invokedMs = performance.now();
    const recorded = this.#history.begin({
      client: this.name,
      operation,
      stale: isStale,
      invokedMs,
    });
    return new Promise((resolve) => {
      const done = (answer: Told["answer"]): void => {
        this.#history.end(recorded, { atMs: performance.now(), answer });
        resolve(recorded);
      };
      try {
        issue({
          succeeded: (result, { group, slot, index, lastRevision, asOf }) =>
            done({ result: copyOf(result), place: { group, slot, index, lastRevision, asOf } }),
          failed: done,
        });
      } catch (failure) {
        if (!(failure instanceof SynodError)) throw failure;
        done(failure);
      }
    });
  }
}

/** The error it failed with; undefined when it succeeded. */
export function failureOf({ told }: Recorded): SynodError | undefined {
  return told !== undefined && told.answer instanceof SynodError ? told.answer : undefined;
}

/** The result; throws the error it failed with. */
export function resultOf(recorded: Recorded): OperationResult {
  const { told } = recorded;
  if (told === undefined) throw new Error("nothing was told yet");
  if (told.answer instanceof SynodError) throw told.answer;
  return told.answer.result;
}

/** The text a get found; undefined when there is no such key. Throws the error it failed with. */
export function textOf(recorded: Recorded): string | undefined {
  const result = resultOf(recorded);
  if (typeof result === "number" || result.kind !== operationKind.get) {
    throw new Error("this was no get");
  }
  const { version } = result;
  if (version === undefined) return undefined;
  return Buffer.from(version.source.subarray(version.start, version.end)).toString();
}

/** A client process: keeps a few operations going against random keys, with values that tell them apart. */
import { ClientCore } from "../../client/core/client-core.ts";
import type { Completion } from "../../client/core/call.ts";
import { linearizable, quorum, stale, type Freshness } from "../../client/core/freshness.ts";
import type { ReadRequest, WriteRequest } from "../../infra/codec/request-encoder.ts";
import type { SimulatedProcess } from "../../infra/clock/simulated-process.ts";
import { SynodError } from "../../infra/errors/synod-error.ts";
import type { SeededRandomness } from "../../infra/randomness/seeded-randomness.ts";
import type { SimulatedNetwork } from "../../infra/transport/simulated-network.ts";
import { absent, expectNothing, operationKind } from "../../kv/commands/operation.ts";
import type { OperationResult } from "../../kv/commands/result.ts";
import { newest, type Revision } from "../../kv/revision.ts";
import type { Cell } from "../../kv/state-reader.ts";
import type { Version } from "../../kv/version.ts";
import { Violation } from "../violation.ts";
import type { History, Told } from "./history.ts";

export interface SimulatedClientOptions {
  readonly name: string;
  readonly process: SimulatedProcess;
  readonly network: SimulatedNetwork;
  readonly randomness: SeededRandomness;
  readonly prefix: string;
  readonly history: History;
  /** Internal keys it works on. */
  readonly keys: readonly string[];
  /** Operations it keeps going at once. */
  readonly concurrency: number;
  /** Mean pause between an answer and the next operation. */
  readonly thinkMs: number;
  readonly timeoutMs: number;
}

export class SimulatedClient {
  readonly #options: SimulatedClientOptions;
  readonly #core: ClientCore;
  readonly #revisions = new Map<string, Revision>();
  #issued = 0;
  #stopping = false;

  constructor(options: SimulatedClientOptions) {
    const { process, network, randomness, prefix } = options;
    this.#options = options;
    const transport = network.connect(process, {
      onProblem: (problem) => {
        if (problem.kind === "handler failed" || problem.kind === "listener failed") {
          throw new Violation("no exception leaves a handler", String(problem.cause));
        }
      },
    });
    this.#core = new ClientCore({
      transport,
      clock: process.clock,
      randomness: randomness.split("core"),
      prefix,
    });
  }

  start(): void {
    for (let lane = 0; lane < this.#options.concurrency; lane++) this.#next();
  }

  /** Nothing new is asked; what is open still ends. */
  stop(): void {
    this.#stopping = true;
  }

  /** Thinks for a moment, then asks. */
  #next(): void {
    const { process, randomness, thinkMs } = this.#options;
    if (this.#stopping || !process.alive) return;
    process.clock.after(randomness.fraction() * 2 * thinkMs, () => {
      if (!this.#stopping) this.#ask();
    });
  }

  #ask(): void {
    const { randomness } = this.#options;
    const lot = randomness.below(100);
    if (lot < 35) return this.#write(this.#put());
    if (lot < 42) return this.#write(this.#conditionalPut());
    if (lot < 50)
      return this.#write({
        kind: operationKind.delete,
        key: this.#key(),
        expectation: expectNothing,
      });
    if (lot < 60)
      return this.#write({ kind: operationKind.increment, key: `${this.#key()}#`, delta: 1 });
    if (lot < 66) return this.#write(this.#transaction());
    if (lot < 86) return this.#read(this.#get(), linearizable);
    if (lot < 91) return this.#read(this.#get(), quorum);
    if (lot < 94) return this.#read(this.#get(), stale(0, 0));
    return this.#read(this.#range(), linearizable);
  }

  #key(): string {
    const { keys, randomness } = this.#options;
    return keys[randomness.below(keys.length)] ?? "";
  }

  /** No other operation of the whole run writes the same bytes. */
  #uniqueValue(): Uint8Array {
    this.#issued += 1;
    return Buffer.from(`${this.#options.name}:${this.#issued}`);
  }

  #put(): WriteRequest {
    const source = this.#uniqueValue();
    const ttlMs = this.#options.randomness.chance(0.1) ? 500 : 0;
    const key = this.#key();
    const window = { source, start: 0, end: source.length };
    return { kind: operationKind.put, key, ...window, ttlMs, expectation: expectNothing };
  }

  #conditionalPut(): WriteRequest {
    const source = this.#uniqueValue();
    const key = this.#key();
    const expectation = this.#revisions.get(key) ?? absent;
    return {
      kind: operationKind.put,
      key,
      source,
      start: 0,
      end: source.length,
      ttlMs: 0,
      expectation,
    };
  }

  /** Two writes to neighbours: both or none. */
  #transaction(): WriteRequest {
    const first = this.#put();
    const second = this.#put();
    if (first.kind !== operationKind.put || second.kind !== operationKind.put) return first;
    const operations = [
      { ...first, ttlMs: 0 },
      { ...second, ttlMs: 0, key: `${first.key}+` },
    ];
    return { kind: operationKind.transaction, checks: [], operations };
  }

  #get(): ReadRequest {
    return { kind: operationKind.get, key: this.#key(), at: newest };
  }

  #range(): ReadRequest {
    const start = this.#key();
    return {
      kind: operationKind.range,
      start,
      end: `${start}\xff`,
      limit: 5,
      reverse: this.#options.randomness.chance(0.5),
      keysOnly: false,
      at: newest,
      cursor: undefined,
    };
  }

  #write(operation: WriteRequest): void {
    const { timeoutMs } = this.#options;
    this.#issue(operation, false, (completion) => {
      this.#core.write(operation, timeoutMs, completion);
    });
  }

  #read(operation: ReadRequest, freshness: Freshness): void {
    const { timeoutMs } = this.#options;
    this.#issue(operation, freshness !== linearizable && freshness !== quorum, (completion) => {
      this.#core.read(operation, freshness, timeoutMs, completion);
    });
  }

  #issue(
    operation: WriteRequest | ReadRequest,
    isStale: boolean,
    issue: (completion: Completion) => void,
  ): void {
    const { history, name, process } = this.#options;
    const { world } = process.machine;
    const invokedMs = world.nowMs;
    const recorded = history.begin({ client: name, operation, stale: isStale, invokedMs });
    const done = (told: Told): void => {
      history.end(recorded, told);
      this.#next();
    };
    const completion: Completion = {
      succeeded: (result, place) => {
        const kept = copyOf(result);
        this.#noteRevision(operation, kept);
        done({ atMs: world.nowMs, answer: { result: kept, place } });
      },
      failed: (failure) => done({ atMs: world.nowMs, answer: failure }),
    };
    try {
      issue(completion);
    } catch (error) {
      if (!(error instanceof SynodError)) throw error;
      done({ atMs: world.nowMs, answer: error });
    }
  }

  #noteRevision(operation: WriteRequest | ReadRequest, result: OperationResult): void {
    if (!("key" in operation)) return;
    if (typeof result === "number") this.#revisions.set(operation.key, result);
    else if (result.kind === operationKind.get) {
      this.#revisions.set(operation.key, result.version?.revision ?? absent);
    }
  }
}

export function copyOf(result: OperationResult): OperationResult {
  if (typeof result === "number") return result;
  if (result.kind === operationKind.get) {
    return { ...result, version: result.version && copyOfVersion(result.version) };
  }
  if (result.kind === operationKind.range) return { ...result, rows: result.rows.map(copyOfCell) };
  if (result.kind === operationKind.transaction) {
    return { ...result, results: result.results.map(copyOf) };
  }
  return result;
}

function copyOfCell({ key, version }: Cell): Cell {
  return { key, version: copyOfVersion(version) };
}

function copyOfVersion({ revision, kind, expiresAt, source, start, end }: Version): Version {
  const bytes = source.slice(start, end);
  return { revision, kind, expiresAt, source: bytes, start: 0, end: bytes.length };
}

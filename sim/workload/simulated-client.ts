/** A client process: keeps a few operations going against random keys, with values that tell them apart. */
import { ClientCore } from "../../client/core/client-core.ts";
import type { Completion } from "../../client/core/call.ts";
import { linearizable, quorum } from "../../client/core/freshness.ts";
import type { ReadRequest, WriteRequest } from "../../infra/codec/request-encoder.ts";
import type { SimulatedProcess } from "../../infra/clock/simulated-process.ts";
import { SynodError } from "../../infra/errors/synod-error.ts";
import type { SeededRandomness } from "../../infra/randomness/seeded-randomness.ts";
import type { SimulatedNetwork } from "../../infra/transport/simulated-network.ts";
import { absent, operationKind } from "../../kv/commands/operation.ts";
import type { OperationResult } from "../../kv/commands/result.ts";
import type { Revision } from "../../kv/revision.ts";
import type { Cell } from "../../kv/state-reader.ts";
import type { Version } from "../../kv/version.ts";
import { Violation } from "../violation.ts";
import type { History, Told } from "./history.ts";
import { OldTableTransport } from "./old-table-transport.ts";
import { Operations } from "./operations.ts";

export interface SimulatedClientOptions {
  readonly name: string;
  readonly process: SimulatedProcess;
  readonly network: SimulatedNetwork;
  readonly randomness: SeededRandomness;
  readonly prefix: string;
  readonly history: History;
  /** Internal keys it works on. */
  readonly keys: readonly string[];
  /** Lanes that go on side by side: each thinks, asks, and waits for what it asked. */
  readonly concurrency: number;
  /** Operations that a lane asks at one moment, at most: they travel together in frames. */
  readonly burst: number;
  /** Mean pause of a lane between its last answer and what it asks next. */
  readonly thinkMs: number;
  readonly timeoutMs: number;
  /** It only reads. */
  readonly onlyReads?: boolean;
  /** It is told by and by where keys lived once. */
  readonly oldTables?: boolean;
}

export class SimulatedClient {
  readonly #options: SimulatedClientOptions;
  readonly #core: ClientCore;
  readonly #revisions = new Map<string, Revision>();
  readonly #operations: Operations;
  #stopping = false;

  constructor(options: SimulatedClientOptions) {
    const { process, network, randomness, prefix, oldTables = false } = options;
    this.#options = options;
    const connected = network.connect(process, {
      onProblem: (problem) => {
        if (problem.kind === "handler failed" || problem.kind === "listener failed") {
          if (problem.cause instanceof Violation) throw problem.cause;
          throw new Violation("no exception leaves a handler", String(problem.cause));
        }
      },
    });
    const transport = oldTables
      ? new OldTableTransport(connected, randomness.split("tables"))
      : connected;
    this.#core = new ClientCore({
      transport,
      clock: process.clock,
      randomness: randomness.split("core"),
      prefix,
      framed: (frame, operations) => options.history.attempts.noteFrame(frame, operations),
    });
    const { name, keys } = options;
    const drawn = randomness.split("operations");
    this.#operations = new Operations(name, keys, drawn, this.#revisions);
  }

  start(): void {
    for (let lane = 0; lane < this.#options.concurrency; lane++) this.#next();
  }

  /** Nothing new is asked; what is open still ends. */
  stop(): void {
    this.#stopping = true;
  }

  /** Nothing is asked, waited for or under way but perhaps the way to the nodes. */
  get isAtRest(): boolean {
    return this.#core.pendingCalls === 0 && this.#core.inbox.waiting <= 1;
  }

  /** Thinks for a moment, then asks. */
  #next(): void {
    const { process, randomness, thinkMs, burst } = this.#options;
    if (this.#stopping || !process.alive) return;
    process.clock.after(randomness.fraction() * 2 * thinkMs, () => {
      if (this.#stopping) return;
      let open = 1 + randomness.below(burst);
      const ended = (): void => {
        open -= 1;
        if (open === 0) this.#next();
      };
      for (let asked = open; asked > 0; asked--) this.#ask(ended);
    });
  }

  #ask(ended: () => void): void {
    const { timeoutMs, onlyReads = false } = this.#options;
    const { operation, freshness } = onlyReads
      ? this.#operations.nextRead()
      : this.#operations.next();
    const isStale = freshness !== undefined && freshness !== linearizable && freshness !== quorum;
    this.#issue(operation, isStale, ended, (completion) => {
      if (freshness === undefined) {
        this.#core.write(operation as WriteRequest, timeoutMs, completion);
      } else this.#core.read(operation as ReadRequest, freshness, timeoutMs, completion);
    });
  }

  #issue(
    operation: WriteRequest | ReadRequest,
    isStale: boolean,
    ended: () => void,
    issue: (completion: Completion) => void,
  ): void {
    const { history, name, process } = this.#options;
    const { world } = process.machine;
    const invokedMs = world.nowMs;
    const recorded = history.begin({ client: name, operation, stale: isStale, invokedMs });
    const done = (told: Told): void => {
      history.end(recorded, told);
      ended();
    };
    const completion: Completion = {
      succeeded: (result, place, rest) => {
        const kept = copyOf(result);
        this.#noteRevision(operation, kept);
        done({ atMs: world.nowMs, answer: { result: kept, place, rest } });
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

function copyOfVersion(version: Version): Version {
  const bytes = version.source.slice(version.start, version.end);
  return { ...version, source: bytes, start: 0, end: bytes.length };
}

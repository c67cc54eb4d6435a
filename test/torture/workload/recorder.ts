/** What every kind of client has in common: it asks, thinks, and writes down what it asked and what it was told. */
import { SynodError } from "../../../infra/errors/synod-error.ts";
import type { ReadRequest, WriteRequest } from "../../../infra/codec/request-encoder.ts";
import type { SeededRandomness } from "../../../infra/randomness/seeded-randomness.ts";
import { absent, operationKind } from "../../../kv/commands/operation.ts";
import { isStale, stale, type Freshness } from "../../../client/core/freshness.ts";
import type { Answer, History, Recorded, Told } from "../../../sim/workload/history.ts";
import { Draws, type KeyWindows } from "./key-windows.ts";

/** A client that was refused lets some time pass, so that what it asks next is not refused as well. */
const afterFailureMs = 100;

export type Request = WriteRequest | ReadRequest;

export interface ClientSetup {
  readonly name: string;
  readonly servers: readonly string[];
  readonly prefix: string;
  readonly history: History;
  readonly windows: KeyWindows;
  readonly randomness: SeededRandomness;
  /** Operations it keeps going at once. */
  readonly concurrency: number;
  /** Mean pause between an answer and the next operation. */
  readonly thinkMs: number;
  /** An operation that is not answered by then has failed. */
  readonly timeoutMs: number;
  /** Whatever is neither an answer nor an error that users are told of. */
  readonly broke: (failure: unknown) => void;
}

/** How one kind of client asks; undefined for what it has no words for. */
export type Ask = (
  operation: Request,
  freshness: Freshness | undefined,
) => Promise<Answer> | undefined;

export class Recorder {
  readonly #setup: ClientSetup;
  readonly #ask: Ask;
  readonly #draws: Draws;
  #lanes: readonly Promise<void>[] = [];
  #stopping = false;

  constructor(setup: ClientSetup, ask: Ask) {
    const { name, windows, randomness } = setup;
    this.#setup = setup;
    this.#ask = ask;
    this.#draws = new Draws(name, windows, randomness.split("operations"));
  }

  start(): void {
    this.#lanes = Array.from({ length: this.#setup.concurrency }, () => this.#run());
  }

  /** Nothing new is asked; what is open still ends. */
  async stop(): Promise<void> {
    this.#stopping = true;
    await Promise.all(this.#lanes);
  }

  async #run(): Promise<void> {
    const { randomness, thinkMs, broke } = this.#setup;
    try {
      while (!this.#stopping) {
        await pause(randomness.fraction() * 2 * thinkMs);
        const { operation, freshness } = this.#draws.next();
        const recorded = await this.record(operation, this.#bounded(operation, freshness));
        if (hasFailed(recorded)) await pause(randomness.fraction() * 2 * afterFailureMs);
      }
    } catch (failure) {
      broke(failure);
    }
  }

  /** Half of the reads that may be old say what they may not be older than. */
  #bounded(operation: Request, freshness: Freshness | undefined): Freshness | undefined {
    if (freshness === undefined || !isStale(freshness) || !("key" in operation)) return freshness;
    const { randomness } = this.#setup;
    if (randomness.chance(0.5)) return freshness;
    const known = this.#draws.revisions.get(operation.key) ?? absent;
    const maxAgeMs = randomness.chance(0.5) ? 0 : 100 + randomness.below(900);
    return stale(known === absent ? 0 : known, maxAgeMs);
  }

  /** Resolves when it has ended, however; undefined for what was not asked. */
  async record(
    operation: Request,
    freshness: Freshness | undefined,
  ): Promise<Recorded | undefined> {
    const { name: client, history } = this.#setup;
    const isOld = freshness !== undefined && isStale(freshness);
    const invokedMs = performance.now();
    let asked: Promise<Answer> | undefined;
    let answer: Told["answer"];
    try {
      asked = this.#ask(operation, freshness);
      if (asked === undefined) return undefined;
    } catch (failure) {
      if (!(failure instanceof SynodError)) throw failure;
      asked = Promise.reject(failure);
    }
    const recorded = history.begin({ client, operation, stale: isOld, invokedMs });
    if (isOld) history.noteFreshness(recorded, freshness);
    try {
      answer = await asked;
      this.#noteRevision(operation, answer);
    } catch (failure) {
      if (!(failure instanceof SynodError)) throw failure;
      answer = failure;
    }
    history.end(recorded, { atMs: performance.now(), answer });
    return recorded;
  }

  #noteRevision(operation: Request, { result }: Answer): void {
    if (!("key" in operation)) return;
    const { revisions } = this.#draws;
    if (typeof result === "number") revisions.set(operation.key, result);
    else if (result.kind === operationKind.get) {
      revisions.set(operation.key, result.version?.revision ?? absent);
    }
  }
}

/** Conflicts are the workload's; everything else is the cluster's. */
function hasFailed(recorded: Recorded | undefined): boolean {
  const answer = recorded?.told?.answer;
  return answer !== undefined && "code" in answer && answer.code !== "CONFLICT";
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

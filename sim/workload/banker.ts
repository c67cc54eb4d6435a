/**
 * A client process that moves amounts between accounts and audits them: at once, page by page, inside of transactions,
 * and on replicas that may be behind. Beside that it clears by pages what it has written.
 */
import type { Completion } from "../../client/core/call.ts";
import { ClientCore } from "../../client/core/client-core.ts";
import { isStale, linearizable, stale, type Freshness } from "../../client/core/freshness.ts";
import type { ReadRequest, WriteRequest } from "../../infra/codec/request-encoder.ts";
import { operationKind, type Range } from "../../kv/commands/operation.ts";
import type { OperationResult } from "../../kv/commands/result.ts";
import type { Revision } from "../../kv/revision.ts";
import type { InternalKey } from "../../kv/state-reader.ts";
import { textOf } from "../oracles/facts.ts";
import { Violation } from "../violation.ts";
import { accountNames, audit, clear, fill, lookups, transfer } from "./bank.ts";
import type { Answer } from "./history.ts";
import { copyOf, type SimulatedClientOptions } from "./simulated-client.ts";

export type BankerOptions = Omit<SimulatedClientOptions, "keys" | "burst">;

/** Called with what was told, unless it failed. */
type Then = (result: OperationResult | undefined) => void;

const pageRows = 2;
const ageMsMax = 700;

export class Banker {
  readonly #options: BankerOptions;
  readonly #core: ClientCore;
  /** Of the newest transfer that was acknowledged. */
  #transferredAt: Revision = 0;
  #turns = 0;
  #stopping = false;

  constructor(options: BankerOptions) {
    const { process, network, randomness, prefix, history } = options;
    this.#options = options;
    const transport = network.connect(process, {
      onProblem: (problem) => {
        if (problem.kind === "not connected" || problem.kind === "permission refused") return;
        if (problem.cause instanceof Violation) throw problem.cause;
        throw new Violation("no exception leaves a handler", String(problem.cause));
      },
    });
    this.#core = new ClientCore({
      transport,
      clock: process.clock,
      randomness: randomness.split("core"),
      prefix,
      framed: (frame, operations) => history.attempts.noteFrame(frame, operations),
    });
  }

  start(): void {
    for (let lane = 0; lane < this.#options.concurrency; lane++) this.#next();
  }

  /** Nothing new is asked; what is open still ends. */
  stop(): void {
    this.#stopping = true;
  }

  get isAtRest(): boolean {
    return this.#core.pendingCalls === 0 && this.#core.inbox.waiting <= 1;
  }

  #next(): void {
    const { process, randomness, thinkMs } = this.#options;
    if (this.#stopping || !process.alive) return;
    process.clock.after(randomness.fraction() * 2 * thinkMs, () => {
      if (!this.#stopping) this.#act();
    });
  }

  #act(): void {
    const { name, randomness } = this.#options;
    const next = (): void => this.#next();
    const lot = randomness.below(100);
    if (lot < 45) return this.#transfer(randomness.chance(0.3));
    if (lot < 60)
      return this.#read(audit(0, randomness.chance(0.5), undefined), linearizable, next);
    if (lot < 70) return this.#auditPages(randomness.chance(0.5), undefined);
    if (lot < 73) return this.#read(accountNames(), linearizable, next);
    if (lot < 76) return this.#lookAtEach();
    if (lot < 80) return this.#read(this.#auditOfThePast(), linearizable, next);
    if (lot < 87) {
      const revision = randomness.chance(0.5) ? this.#transferredAt : 0;
      const freshness = stale(revision, randomness.chance(0.5) ? ageMsMax : 0);
      return this.#read(audit(0, false, undefined), freshness, next);
    }
    if (lot < 92) return this.#write(fill(name, ++this.#turns), next);
    this.#clearPages(undefined);
  }

  #transfer(looks: boolean): void {
    this.#write(transfer(this.#options.randomness, looks), (result) => {
      if (typeof result === "object" && result.kind === operationKind.transaction) {
        this.#transferredAt = Math.max(this.#transferredAt, result.revision);
      }
      this.#next();
    });
  }

  #auditPages(reverse: boolean, cursor: InternalKey | undefined): void {
    this.#read(audit(pageRows, reverse, cursor), linearizable, (result) => {
      const further = cursorOf(result);
      if (further === undefined) this.#next();
      else this.#auditPages(reverse, further);
    });
  }

  /** As of a transfer that was acknowledged; as of now before there was one. */
  #auditOfThePast(): Range {
    return audit(0, false, undefined, this.#transferredAt === 0 ? undefined : this.#transferredAt);
  }

  /** Gets that are asked for together are answered from one state, where they fit into one frame. */
  #lookAtEach(): void {
    const gets = lookups();
    const { timeoutMs } = this.#options;
    const seen: Answer[] = [];
    let open = gets.length;
    const completions = gets.map((get) =>
      this.#completionOf(get, undefined, (answer) => {
        if (answer !== undefined) seen.push(answer);
        open -= 1;
        if (open > 0) return;
        if (seen.length === gets.length) requireOneState(seen);
        this.#next();
      }),
    );
    this.#core.readMany(gets, linearizable, timeoutMs, completions);
  }

  #clearPages(cursor: InternalKey | undefined): void {
    this.#write(clear(pageRows + 1, cursor), (result) => {
      const further = cursorOf(result);
      if (further === undefined) this.#next();
      else this.#clearPages(further);
    });
  }

  #write(operation: WriteRequest, then: Then): void {
    this.#issue(operation, undefined, then);
  }

  #read(operation: ReadRequest, freshness: Freshness, then: Then): void {
    this.#issue(operation, freshness, then);
  }

  #issue(
    operation: WriteRequest | ReadRequest,
    freshness: Freshness | undefined,
    then: Then,
  ): void {
    const { timeoutMs } = this.#options;
    const completion = this.#completionOf(operation, freshness, (answer) => then(answer?.result));
    if (freshness === undefined) {
      this.#core.write(operation as WriteRequest, timeoutMs, completion);
    } else this.#core.read(operation as ReadRequest, freshness, timeoutMs, completion);
  }

  /** Notes what is asked, and what is told of it. */
  #completionOf(
    operation: WriteRequest | ReadRequest,
    freshness: Freshness | undefined,
    told: (answer: Answer | undefined) => void,
  ): Completion {
    const { history, name, process } = this.#options;
    const { world } = process.machine;
    const wantsStale = freshness !== undefined && isStale(freshness);
    const begun = { client: name, operation, stale: wantsStale, invokedMs: world.nowMs };
    const recorded = history.begin(begun);
    if (wantsStale) history.noteFreshness(recorded, freshness);
    return {
      succeeded: (result, place, rest) => {
        const answer = { result: copyOf(result), place, rest };
        history.end(recorded, { atMs: world.nowMs, answer });
        told(answer);
      },
      failed: (failure) => {
        history.end(recorded, { atMs: world.nowMs, answer: failure });
        told(undefined);
      },
    };
  }
}

/** All accounts, one by one: where they come from one place their sum is what it always is. */
export function requireOneState(answers: readonly Answer[]): void {
  const [first] = answers;
  if (answers.some(({ place }) => place?.slot !== first?.place?.slot)) return;
  const sum = answers.reduce((total, { result }) => {
    const seen = typeof result === "object" && "version" in result ? result.version : undefined;
    return total + (seen === undefined ? 0 : Number(textOf(seen)));
  }, 0);
  if (sum === 0) return;
  const text = `gets of slot ${first?.place?.slot} saw accounts with a sum of ${sum}`;
  throw new Violation("transactions take effect as a whole", text);
}

function cursorOf(result: OperationResult | undefined): InternalKey | undefined {
  if (typeof result !== "object" || !("cursor" in result)) return undefined;
  return typeof result.cursor === "string" ? result.cursor : undefined;
}

/** A client on virtual time and nodes that do as the test says: every frame they get waits for its answer. */
import type { SimulatedProcess } from "../../../infra/clock/simulated-process.ts";
import { SimulatedWorld } from "../../../infra/clock/simulated-world.ts";
import { replyKind, requestKind } from "../../../infra/codec/formats.ts";
import { ReplyEncoder } from "../../../infra/codec/reply-codec.ts";
import { RequestDecoder } from "../../../infra/codec/request-decoder.ts";
import {
  peekRequest,
  type ReadEnvelope,
  type WriteEnvelope,
} from "../../../infra/codec/request-envelope.ts";
import { encodeRoute, type Route } from "../../../infra/codec/route-codec.ts";
import { errorTable, type ErrorCode } from "../../../infra/errors/error-table.ts";
import { seeded } from "../../../infra/randomness/seeded-randomness.ts";
import { SimulatedNetwork } from "../../../infra/transport/simulated-network.ts";
import type { SimulatedTransport } from "../../../infra/transport/simulated-transport.ts";
import type { TransportProblem } from "../../../infra/transport/transport.ts";
import {
  operationKind,
  type ReadOperation,
  type WriteOperation,
} from "../../../kv/commands/operation.ts";
import type { OperationResult } from "../../../kv/commands/result.ts";
import { revisionAt } from "../../../kv/revision.ts";
import type { ClientLimits } from "../../../client/core/limits.ts";
import { SynodClient } from "../../../client/synod-client.ts";
import type { WatchLimits } from "../../../client/watch/limits.ts";
import { failureOf, outcomeOf } from "./virtual-promises.ts";

export const clusterId = "0123456789";
const nodes = ["n1", "n2", "n3"];

/** One attempt of a frame as a node got it. */
export class Attempt {
  readonly node: string;
  readonly envelope: WriteEnvelope | ReadEnvelope;
  readonly operations: readonly (WriteOperation | ReadOperation)[];
  readonly bytes: Uint8Array;
  readonly reply: string;
  readonly atMs: number;
  readonly #cluster: FakeCluster;

  constructor(cluster: FakeCluster, node: string, bytes: Uint8Array, reply: string) {
    const envelope = peekRequest(bytes);
    if (envelope.kind !== requestKind.write && envelope.kind !== requestKind.read) {
      throw new Error("not a frame");
    }
    this.#cluster = cluster;
    this.node = node;
    this.bytes = bytes;
    this.reply = reply;
    this.envelope = envelope;
    this.atMs = cluster.world.nowMs;
    this.operations = operationsOf(bytes, envelope);
  }

  get number(): number {
    return this.envelope.number;
  }

  get write(): WriteEnvelope {
    if (this.envelope.kind !== requestKind.write) throw new Error("not a writing frame");
    return this.envelope;
  }

  get keys(): string[] {
    return this.operations.map((operation) => ("key" in operation ? textOf(operation.key) : "?"));
  }

  /** Every operation succeeds, unless its result is given. */
  execute(results: readonly (OperationResult | undefined)[] = []): void {
    const decided = this.operations.map(
      (operation, at) => results[at] ?? this.#resultOf(operation),
    );
    this.#send({
      kind: replyKind.executed,
      slot: 7,
      index: 0,
      lastRevision: this.#cluster.newestRevision,
      asOf: 0,
      results: decided,
    });
  }

  refuse(code: ErrorCode, hint?: string): void {
    const { outcome } = errorTable[code];
    this.#send({ kind: replyKind.refused, code, message: `because of ${code}`, outcome, hint });
  }

  sendBytes(bytes: Uint8Array): void {
    this.#cluster.transportOf(this.node).publish(this.reply, bytes);
  }

  /** What the NATS server does where nobody listens. */
  nobodyThere(): void {
    this.sendBytes(new Uint8Array(0));
  }

  encoded(reply: object): Uint8Array {
    const { number, group } = this.envelope;
    return new ReplyEncoder().encode({ number, group, ...reply } as never);
  }

  #send(reply: object): void {
    this.sendBytes(this.encoded(reply));
  }

  #resultOf(operation: WriteOperation | ReadOperation): OperationResult {
    const revision = this.#cluster.nextRevision();
    switch (operation.kind) {
      case operationKind.put:
        return revision;
      case operationKind.delete:
        return { kind: operation.kind, revision, existed: true };
      case operationKind.increment:
        return { kind: operation.kind, revision, value: operation.delta };
      case operationKind.deleteRange:
        return { kind: operation.kind, revision, deleted: 0, cursor: undefined };
      case operationKind.get:
        return { kind: operation.kind, version: undefined };
      case operationKind.range:
        return { kind: operation.kind, rows: [], cursor: undefined };
      case operationKind.transaction:
        return {
          kind: operation.kind,
          revision,
          results: operation.operations.map((inner) => this.#innerResult(inner, revision)),
        };
      default:
        throw new Error("a client never sends what stands in for a refused operation");
    }
  }

  #innerResult(operation: WriteOperation | ReadOperation, revision: number): OperationResult {
    const result = this.#resultOf(operation);
    return typeof result === "number" ? revision : result;
  }
}

function operationsOf(
  bytes: Uint8Array,
  { kind }: WriteEnvelope | ReadEnvelope,
): readonly (WriteOperation | ReadOperation)[] {
  const decoder = new RequestDecoder();
  const frame = kind === requestKind.write ? decoder.logged(bytes) : decoder.readFrame(bytes);
  if ("problem" in frame && frame.problem !== "") throw new Error(frame.problem);
  return "operations" in frame ? frame.operations : [];
}

function textOf(internalKey: string): string {
  return internalKey.slice(internalKey.indexOf("\0") + 1);
}

export interface FakeClusterOptions {
  readonly limits?: Partial<ClientLimits>;
  readonly watchLimits?: Partial<WatchLimits>;
  readonly timeoutMs?: number;
  readonly route?: Partial<Route>;
}

export class FakeCluster {
  readonly world = new SimulatedWorld();
  readonly network: SimulatedNetwork;
  readonly client: SynodClient;
  readonly clientTransport: SimulatedTransport;
  readonly problems: TransportProblem[] = [];
  /** What nodes answer when they are asked for the routing table; undefined = nothing. */
  route: Route | undefined;
  routesAsked = 0;
  /** Every attempt that came to a node. */
  readonly attempts: Attempt[] = [];
  /** Called with every attempt; without it they wait in `attempts`. */
  react: ((attempt: Attempt) => void) | undefined;
  newestRevision: number;
  readonly #transports = new Map<string, SimulatedTransport>();
  #taken = 0;

  constructor({
    limits = {},
    watchLimits = {},
    timeoutMs = 5_000,
    route = {},
  }: FakeClusterOptions = {}) {
    const randomness = seeded("fake cluster");
    this.network = new SimulatedNetwork(this.world, randomness.split("network"));
    this.newestRevision = revisionAt(this.world.startWallMs);
    this.route = { ...calmRoute(this.newestRevision), ...route };
    for (const name of nodes) this.#startNode(name);
    const process = this.world.machine("client").start();
    this.clientTransport = this.network.connect(process, { onProblem: (met) => this.#met(met) });
    this.client = new SynodClient({
      transport: this.clientTransport,
      clock: process.clock,
      randomness: randomness.split("client"),
      prefix: "synod",
      timeoutMs,
      limits,
      watchLimits,
      routeAdopted: () => {},
    });
  }

  get process(): SimulatedProcess {
    return this.clientTransport.process;
  }

  transportOf(node: string): SimulatedTransport {
    const transport = this.#transports.get(node);
    if (transport === undefined) throw new Error(`no fake node is called ${node}`);
    return transport;
  }

  nextRevision(): number {
    this.newestRevision += 1;
    return this.newestRevision;
  }

  /** Changes what nodes say about who leads and who owns what; the version is raised with the regions. */
  reroute(change: Partial<Route>): void {
    if (this.route !== undefined) this.route = { ...this.route, ...change };
  }

  /** The next attempt that no test has looked at yet. */
  async attempt(withinMs = 20_000): Promise<Attempt> {
    await this.until("another attempt arrives", () => this.attempts.length > this.#taken, withinMs);
    const attempt = this.attempts[this.#taken] as Attempt;
    this.#taken += 1;
    return attempt;
  }

  get untaken(): number {
    return this.attempts.length - this.#taken;
  }

  /** Runs the world, and promises with it, until the condition holds. */
  async until(what: string, holds: () => boolean, withinMs = 60_000): Promise<void> {
    const limitMs = this.world.nowMs + withinMs;
    for (;;) {
      await turn();
      if (holds()) return;
      if (this.world.nowMs > limitMs || !this.world.step()) {
        throw new Error(`waited ${withinMs} ms of virtual time in vain: ${what}`);
      }
    }
  }

  async runFor(durationMs: number): Promise<void> {
    let over = false;
    this.world.schedule(durationMs, () => (over = true));
    await this.until("time passes", () => over, durationMs + 1);
  }

  outcome<Answer>(promise: Promise<Answer>): Promise<Answer> {
    return outcomeOf(promise, (what, holds) => this.until(what, holds));
  }

  failure(promise: Promise<unknown>): Promise<Error & Record<string, unknown>> {
    return failureOf(promise, (what, holds) => this.until(what, holds));
  }

  #startNode(name: string): void {
    const process = this.world.machine(name).start();
    const transport = this.network.connect(process, { onProblem: (met) => this.#met(met) });
    this.#transports.set(name, transport);
    transport.subscribe("synod.api", ({ reply }) => {
      this.routesAsked += 1;
      if (this.route !== undefined && reply !== undefined) {
        transport.publish(reply, encodeRoute(this.route));
      }
    });
    transport.subscribe(`synod.api.${name}`, ({ payload, reply }) => {
      const attempt = new Attempt(this, name, payload.slice(), reply ?? "");
      this.attempts.push(attempt);
      this.react?.(attempt);
    });
  }

  #met(problem: TransportProblem): void {
    this.problems.push(problem);
    if (problem.kind !== "not connected") throw problem.cause;
  }
}

/** Lets every promise that is settled have its say. */
function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Group g1 owns everything below `default/m`, g2 the rest. */
function calmRoute(stamp: number): Route {
  return {
    clusterId,
    version: 1,
    regions: [
      { id: 1, version: 1, start: "", end: "default\0m", group: "g1" },
      { id: 2, version: 1, start: "default\0m", end: undefined, group: "g2" },
    ],
    groups: [
      { group: "g1", nodes, leader: "n1" },
      { group: "g2", nodes, leader: "n2" },
    ],
    stamp,
  };
}

/** A route in which another group owns the first half. */
export const movedRegions: Pick<Route, "version" | "regions"> = {
  version: 2,
  regions: [{ id: 1, version: 2, start: "", end: undefined, group: "g2" }],
};

/** Questions about the cluster itself, asked and answered in JSON. */
import { regionBoundText } from "../infra/codec/region-bound.ts";
import { SynodError } from "../infra/errors/synod-error.ts";
import type { ClusterAnswer, NodeReport } from "../infra/status/cluster-status.ts";
import type { NodeStatus } from "../infra/status/node-status.ts";
import type { Transport } from "../infra/transport/transport.ts";
import { requireNotAborted, type Caller } from "./caller.ts";
import { isClusterAnswer, isNodeStatus, isRouting } from "./answer-shape.ts";
import { Asking } from "./asking.ts";
import { TimeoutError } from "./errors.ts";
import { requireOptions, timeoutMsOf, wholeNumber, type CallOptions } from "./options.ts";

/** A key range and who answers for it. Bounds are written `bucket/key`. */
export interface RegionStatus {
  /** Stays the same whoever owns the region. */
  readonly id: number;
  /** Raised by every change of the region. */
  readonly version: number;
  /** The first key; "" = the first of all. */
  readonly start: string;
  /** The first key behind it; undefined = it reaches to the last of all. */
  readonly end: string | undefined;
  /** The store group that owns the keys. */
  readonly group: string;
}

/** A store group: the nodes that decide one log together. */
export interface GroupStatus {
  /** The group's name. */
  readonly group: string;
  /** In order of preference for leading. */
  readonly nodes: readonly string[];
  /** Undefined while none is known. */
  readonly leader: string | undefined;
}

/** Who owns which keys. */
export interface RegionsStatus {
  /** Made when the cluster was born, the same ever since. */
  readonly clusterId: string;
  /** Of the routing table: raised by every change of the regions. */
  readonly version: number;
  /** In the order of their keys. */
  readonly regions: readonly RegionStatus[];
  /** Every store group, whether it owns keys or not. */
  readonly groups: readonly GroupStatus[];
}

/** The cluster as its active region manager sees it. */
export interface ClusterStatus extends RegionsStatus {
  /** What each node last reported. */
  readonly nodes: readonly NodeReport[];
}

type Question = "status" | "regions" | "node";

export class Admin {
  readonly #caller: Caller;
  readonly #transport: Transport;
  readonly #prefix: string;
  readonly #askings = new Set<Asking>();
  #closed = false;

  constructor(caller: Caller, transport: Transport, prefix: string) {
    this.#caller = caller;
    this.#transport = transport;
    this.#prefix = prefix;
  }

  async status(options: CallOptions): Promise<ClusterStatus> {
    const { routing, nodes } = await this.#first("status", isClusterAnswer, options);
    return { ...regionsOf(routing), nodes };
  }

  async regions(options: CallOptions): Promise<RegionsStatus> {
    return regionsOf(await this.#first("regions", isRouting, options));
  }

  /** Whatever nodes answer within the window. */
  async nodes(options: {
    readonly windowMs?: number;
    readonly signal?: AbortSignal;
  }): Promise<NodeStatus[]> {
    requireOptions(options);
    const { windowMs = 500, signal } = options;
    wholeNumber("windowMs", windowMs, 1);
    const found = new Map<string, NodeStatus>();
    return new Promise((resolve, reject) => {
      if (signal !== undefined) requireNotAborted(signal);
      const asking = this.#ask("node", signal, reject, (answer) => {
        if (isNodeStatus(answer)) found.set(answer.node, answer);
      });
      asking.endsAfter(windowMs, () =>
        resolve([...found.values()].toSorted((left, right) => (left.node < right.node ? -1 : 1))),
      );
    });
  }

  /** Fails whatever is still asked. */
  close(): void {
    this.#closed = true;
    for (const asking of this.#askings) {
      asking.fail(new SynodError("CLIENT_CLOSED", "the client was closed before it was answered"));
    }
  }

  /** Resolves with the first answer that is one. */
  #first<Answer>(
    question: Question,
    isAnswer: (answer: unknown) => answer is Answer,
    options: CallOptions,
  ): Promise<Answer> {
    requireOptions(options);
    const { timeoutMs = this.#caller.timeoutMs, signal } = options;
    return new Promise((resolve, reject) => {
      timeoutMsOf(timeoutMs);
      if (signal !== undefined) requireNotAborted(signal);
      const asking = this.#ask(question, signal, reject, (answer) => {
        if (!isAnswer(answer)) return;
        asking.end();
        resolve(answer);
      });
      asking.endsAfter(timeoutMs, () => reject(this.#unanswered(question, timeoutMs)));
    });
  }

  #ask(
    question: Question,
    signal: AbortSignal | undefined,
    failed: (failure: SynodError) => void,
    heard: (answer: unknown) => void,
  ): Asking {
    if (this.#closed) throw new SynodError("CLIENT_CLOSED", "the client was closed");
    const { core, clock } = this.#caller;
    const asking: Asking = new Asking({
      transport: this.#transport,
      inbox: core.inbox,
      clock,
      subject: `${this.#prefix}.admin.get.${question}`,
      signal,
      heard,
      failed,
      ended: () => void this.#askings.delete(asking),
    });
    this.#askings.add(asking);
    asking.begin();
    return asking;
  }

  #unanswered(question: Question, timeoutMs: number): SynodError {
    if (!this.#transport.connected) {
      return new SynodError("NOT_CONNECTED", "there is no connection to a NATS server");
    }
    const message = `nobody answered ${question} within ${timeoutMs} ms: group meta has no leader, or this user may not ask`;
    return new TimeoutError(message, timeoutMs, "not executed");
  }
}

function regionsOf({
  clusterId,
  version,
  regions,
  groups,
}: ClusterAnswer["routing"]): RegionsStatus {
  return {
    clusterId,
    version,
    regions: regions
      .toSorted((left, right) => (left.start < right.start ? -1 : 1))
      .map(({ id, version, start, end, group }) => ({
        id,
        version,
        start: regionBoundText(start),
        end: end === undefined ? undefined : regionBoundText(end),
        group,
      })),
    groups: groups.map(({ group, nodes, leader }) => ({ group, nodes, leader })),
  };
}

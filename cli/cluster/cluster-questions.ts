/** Asks a cluster about itself, in a way that works without a quorum: whoever answers is heard. */
import { Asking } from "../../client/asking.ts";
import type { Inbox } from "../../client/core/inbox.ts";
import type { Clock } from "../../infra/clock/clock.ts";
import type { NodeStatus } from "../../infra/status/node-status.ts";
import type { Transport } from "../../infra/transport/transport.ts";
import type { RoutingTable } from "../../machines/region-manager/routing.ts";

export interface ClusterQuestionsOptions {
  readonly transport: Transport;
  readonly inbox: Inbox;
  readonly clock: Clock;
  readonly prefix: string;
}

export class ClusterQuestions {
  readonly #options: ClusterQuestionsOptions;

  constructor(options: ClusterQuestionsOptions) {
    this.#options = options;
  }

  /** Undefined when no region manager is active, which takes a quorum of group `meta`. */
  regions(timeoutMs: number): Promise<RoutingTable | undefined> {
    return new Promise((resolve) => {
      const asking = this.#ask("regions", (answer) => {
        if (!isRoutingTable(answer)) return;
        asking.end();
        resolve(answer);
      });
      asking.endsAfter(timeoutMs, () => resolve(undefined));
    });
  }

  /** What each node says of itself, those that answer in time. `enough` ends the wait early. */
  nodes(
    timeoutMs: number,
    enough: (answers: readonly NodeStatus[]) => boolean,
  ): Promise<readonly NodeStatus[]> {
    return new Promise((resolve) => {
      const answers = new Map<string, NodeStatus>();
      const asking = this.#ask("node", (answer) => {
        if (!isNodeStatus(answer)) return;
        answers.set(answer.node, answer);
        if (!enough([...answers.values()])) return;
        asking.end();
        resolve([...answers.values()]);
      });
      asking.endsAfter(timeoutMs, () => resolve([...answers.values()]));
    });
  }

  #ask(question: "regions" | "node", heard: (answer: unknown) => void): Asking {
    const { transport, inbox, clock, prefix } = this.#options;
    const asking = new Asking({
      transport,
      inbox,
      clock,
      subject: `${prefix}.admin.get.${question}`,
      signal: undefined,
      heard,
      failed: () => undefined,
      ended: () => undefined,
    });
    asking.begin();
    return asking;
  }
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

/** As far as it is read here without asking again; a node of another version may say other things. */
export function isNodeStatus(value: unknown): value is NodeStatus {
  if (!isObject(value)) return false;
  const { node, nodes, replicas } = value as Partial<NodeStatus>;
  return typeof node === "string" && Array.isArray(nodes) && Array.isArray(replicas);
}

function isRoutingTable(value: unknown): value is RoutingTable {
  if (!isObject(value)) return false;
  const { regions, groups } = value as Partial<RoutingTable>;
  return Array.isArray(regions) && Array.isArray(groups);
}

/** Asks a cluster about itself: its active region manager for the whole, and every node for its own word. */
import type { NodeStatus } from "../../infra/status/node-status.ts";
import { adminSubject } from "../../actors/subjects.ts";
import type { Inbox } from "../../client/core/inbox.ts";
import type { Clock } from "../../infra/clock/clock.ts";
import type { Transport } from "../../infra/transport/transport.ts";
import type { ClusterStatus } from "../../machines/region-manager/region-manager-memory.ts";
import type { RoutingTable } from "../../machines/region-manager/routing.ts";

export interface ClusterQuestionsOptions {
  readonly transport: Transport;
  readonly inbox: Inbox;
  readonly clock: Clock;
  readonly prefix: string;
}

type Question = Parameters<typeof adminSubject>[1];

const nothing = new Uint8Array();
const isAny = (answers: readonly unknown[]): boolean => answers.length > 0;

export class ClusterQuestions {
  readonly #options: ClusterQuestionsOptions;

  constructor(options: ClusterQuestionsOptions) {
    this.#options = options;
  }

  /** Undefined when no region manager is active, which takes a quorum of group `meta`. */
  async status(timeoutMs: number): Promise<ClusterStatus | undefined> {
    const [status] = await this.#ask("status", timeoutMs, isClusterStatus, isAny);
    return status;
  }

  /** Undefined as with `status`. */
  async regions(timeoutMs: number): Promise<RoutingTable | undefined> {
    const [table] = await this.#ask("regions", timeoutMs, isRoutingTable, isAny);
    return table;
  }

  /** What each node says of itself, those that answer in time. `enough` ends the wait early. */
  async nodes(
    timeoutMs: number,
    enough: (answers: readonly NodeStatus[]) => boolean,
  ): Promise<readonly NodeStatus[]> {
    return this.#ask("node", timeoutMs, isNodeStatus, enough);
  }

  #ask<Answer>(
    question: Question,
    timeoutMs: number,
    isAnswer: (value: unknown) => value is Answer,
    enough: (answers: readonly Answer[]) => boolean,
  ): Promise<readonly Answer[]> {
    const { transport, inbox, clock, prefix } = this.#options;
    return new Promise((resolve) => {
      const answers: Answer[] = [];
      const ticket = inbox.open({
        received: (_, payload) => {
          // Empty: nobody listens there.
          if (payload.length === 0) return finish();
          const answer = parse(payload);
          if (isAnswer(answer)) answers.push(answer);
          if (enough(answers)) finish();
        },
      });
      const cancel = clock.after(timeoutMs, finish);
      transport.publish(adminSubject(prefix, question), nothing, {
        reply: inbox.replySubject(ticket, 0),
      });
      function finish(): void {
        cancel();
        inbox.close(ticket);
        resolve(answers);
      }
    });
  }
}

function parse(payload: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(payload).toString());
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

/** As far as it is read here without asking again; a node of another version may say other things. */
function isNodeStatus(value: unknown): value is NodeStatus {
  if (!isObject(value)) return false;
  const { node, nodes, replicas } = value as Partial<NodeStatus>;
  return typeof node === "string" && Array.isArray(nodes) && Array.isArray(replicas);
}

function isClusterStatus(value: unknown): value is ClusterStatus {
  return isObject(value) && Array.isArray((value as Partial<ClusterStatus>).nodes);
}

function isRoutingTable(value: unknown): value is RoutingTable {
  return isObject(value) && Array.isArray((value as Partial<RoutingTable>).regions);
}

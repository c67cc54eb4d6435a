/** What one region manager remembers of the table and of the nodes. */
import { present } from "../invariant.ts";
import type { Sender } from "../messages.ts";
import type { NodeReport, RegionManagerMessage, Routing } from "./region-manager-messages.ts";
import type { RegionTable, RoutingTable } from "./routing.ts";

type FromPeer<Message extends RegionManagerMessage> = Message & {
  readonly from: Sender;
  readonly nowMs: number;
};

/** Somebody asked, and wants the answer at `reply`. */
interface Asked {
  readonly reply: string;
  readonly nowMs: number;
}

export type RegionManagerDeadline = "report" | "publish";

export type RegionManagerEvent =
  | FromPeer<NodeReport>
  | FromPeer<Routing>
  /** This node leads group `meta`. */
  | { readonly type: "lead"; readonly nowMs: number }
  | { readonly type: "stopLeading"; readonly nowMs: number }
  /** A linearizable read of the table, begun after `lead`. */
  | { readonly type: "tableRead"; readonly table: RegionTable; readonly nowMs: number }
  /** A group this node is a member of has a new leader. */
  | { readonly type: "leaderChanged"; readonly nowMs: number }
  | ({ readonly type: "statusAsked" } & Asked)
  | ({ readonly type: "regionsAsked" } & Asked)
  | {
      readonly type: "deadline";
      readonly name: RegionManagerDeadline;
      readonly nowMs: number;
    };

/** One node as the active region manager knows it. */
export interface NodeStatus {
  readonly node: string;
  /** Since its last report; undefined = it has not reported to this leader yet. */
  readonly silentMs: number | undefined;
  readonly status: Readonly<Record<string, unknown>> | undefined;
}

export interface ClusterStatus {
  readonly routing: RoutingTable;
  readonly nodes: readonly NodeStatus[];
}

export type RegionManagerEffect =
  | { readonly type: "readTable" }
  /** The host asks this node's replicas for a report and sends it to the leader of `meta`, be it this node. */
  | { readonly type: "report" }
  | { readonly type: "publish"; readonly table: RoutingTable }
  | { readonly type: "adopt"; readonly table: RoutingTable }
  | { readonly type: "answerStatus"; readonly reply: string; readonly status: ClusterStatus }
  | { readonly type: "answerRegions"; readonly reply: string; readonly table: RoutingTable }
  | {
      readonly type: "deadline";
      readonly name: RegionManagerDeadline;
      readonly atMs: number | undefined;
    };

export interface RegionManagerInput {
  readonly self: Sender;
  readonly clusterId: () => string;
  /** All nodes of the cluster. */
  readonly nodes: readonly string[];
  readonly physicalMs: (nowMs: number) => number;
  readonly startedMs: number;
}

const intervalMs = 1_000;

export class RegionManager {
  readonly outbox: RegionManagerEffect[] = [];
  readonly #input: RegionManagerInput;
  #table: RegionTable | undefined;
  readonly #leaders = new Map<string, string>();
  readonly #reports = new Map<
    string,
    { readonly atMs: number; readonly status: Readonly<Record<string, unknown>> }
  >();

  constructor(input: RegionManagerInput) {
    this.#input = input;
  }

  reportSoon(nowMs: number | undefined): void {
    const atMs = (nowMs ?? this.#input.startedMs) + intervalMs;
    this.outbox.push({ type: "deadline", name: "report", atMs });
  }

  report(): void {
    this.outbox.push({ type: "report" });
  }

  adoptRouting(table: RoutingTable): void {
    this.outbox.push({ type: "adopt", table });
  }

  readTable(): void {
    this.outbox.push({ type: "readTable" });
  }

  adoptTable(table: RegionTable): void {
    this.#table = table;
  }

  publish(nowMs: number): void {
    const table = this.#routing(nowMs);
    this.outbox.push({ type: "publish", table }, { type: "adopt", table });
    this.outbox.push({ type: "deadline", name: "publish", atMs: nowMs + intervalMs });
  }

  /** The newest word on a group's leader wins; a leader's own word is the newest soon enough. */
  noteReport({ from, leaders, status, nowMs }: FromPeer<NodeReport>): void {
    this.#reports.set(from.node, { atMs: nowMs, status });
    for (const { group, node } of leaders) {
      if (node === from.node || !this.#leaders.has(group)) this.#leaders.set(group, node);
    }
  }

  answerStatus({ reply, nowMs }: Asked): void {
    const nodes = this.#input.nodes.map((node) => {
      const report = this.#reports.get(node);
      return {
        node,
        silentMs: report && nowMs - report.atMs,
        status: report?.status,
      };
    });
    const status = { routing: this.#routing(nowMs), nodes };
    this.outbox.push({ type: "answerStatus", reply, status });
  }

  answerRegions({ reply, nowMs }: Asked): void {
    this.outbox.push({ type: "answerRegions", reply, table: this.#routing(nowMs) });
  }

  forgetReports(): void {
    this.#table = undefined;
    this.#reports.clear();
    this.#leaders.clear();
    this.outbox.push({ type: "deadline", name: "publish", atMs: undefined });
  }

  toJSON(): Record<string, unknown> {
    return {
      regions: this.#table?.regions.length,
      leaders: Object.fromEntries(this.#leaders),
      reports: [...this.#reports.keys()],
    };
  }

  #routing(nowMs: number): RoutingTable {
    const table = present(this.#table, "the active region manager has read the table");
    return {
      ...table,
      clusterId: this.#input.clusterId(),
      groups: table.groups.map((route) => ({
        ...route,
        leader: this.#leaders.get(route.group) ?? route.leader,
      })),
      physicalMs: Math.floor(this.#input.physicalMs(nowMs)),
    };
  }
}

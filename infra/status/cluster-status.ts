/** What the active region manager tells of the whole cluster, as it travels: JSON. */
import type { RoutingTable } from "../../machines/region-manager/routing.ts";
import type { NodeStatus } from "./node-status.ts";

/** One node as the active region manager knows it. */
export interface NodeReport {
  /** The node's name. */
  readonly node: string;
  /** Since its last report; undefined = it has not reported to this region manager yet. */
  readonly silentMs?: number;
  /** Undefined as long as it has not reported. */
  readonly status?: NodeStatus;
}

export interface ClusterAnswer {
  readonly routing: RoutingTable;
  readonly nodes: readonly NodeReport[];
}

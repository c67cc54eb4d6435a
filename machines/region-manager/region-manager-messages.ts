/** What nodes and the active region manager tell each other. */
import type { RoutingTable } from "./routing.ts";

/** A node's own view of itself, once a second and whenever a leader changes. */
export interface NodeReport {
  readonly type: "nodeReport";
  /** Leaders of the groups this node is a member of, as far as it knows them. */
  readonly leaders: readonly { readonly group: string; readonly node: string }[];
  /** Everything `status` shows of the node; opaque here. */
  readonly status: Readonly<Record<string, unknown>>;
}

/** Published to every node by the active region manager. */
export interface Routing {
  readonly type: "routing";
  readonly table: RoutingTable;
}

export type RegionManagerMessage = NodeReport | Routing;

/** Where keys live and who answers for them, as the active region manager publishes it. */
import type { RegionAssignment } from "../birth/birth-record.ts";

export interface GroupRoute {
  readonly group: string;
  /** In order of preference for leading. */
  readonly nodes: readonly string[];
  /** Undefined while none is known. */
  readonly leader: string | undefined;
}

export interface RoutingTable {
  readonly clusterId: string;
  /** Raised by every change of the regions. */
  readonly version: number;
  readonly regions: readonly RegionAssignment[];
  readonly groups: readonly GroupRoute[];
  /** The publishing leader's physical time, in Unix milliseconds. */
  readonly physicalMs: number;
}

/** The replicated part: what group `meta` owns. */
export type RegionTable = Pick<RoutingTable, "version" | "regions" | "groups">;

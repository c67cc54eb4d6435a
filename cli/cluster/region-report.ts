/** Regions as a table: who serves which keys. */
import type { RegionAssignment } from "../../machines/birth/birth-record.ts";
import { regionBoundText } from "../../infra/codec/region-bound.ts";
import type { RoutingTable } from "../../machines/region-manager/routing.ts";
import { tableLines } from "../output/table.ts";
import type { Style } from "../output/style.ts";

export interface GroupLeader {
  readonly group: string;
  readonly leader: string | undefined;
}

const columns = ["REGION", "FROM", "TO", "GROUP", "LEADER"].map((name) => ({ name }));

/** Bounds are written `bucket/key`. */
export function regionLines(
  regions: readonly RegionAssignment[],
  groups: readonly GroupLeader[],
  style: Style,
): string[] {
  const rows = regions.map(({ id, start, end, group }) => [
    String(id),
    start === "" ? "(first key)" : regionBoundText(start),
    end === undefined ? "(last key)" : regionBoundText(end),
    group,
    groups.find((candidate) => candidate.group === group)?.leader ?? "none",
  ]);
  return tableLines(columns, rows, style);
}

/** The same for programs. A region without an `end` reaches to the last key. */
export function regionsObject({ clusterId, version, regions, groups }: RoutingTable): object {
  return {
    clusterId,
    version,
    regions: regions.map(({ id, start, end, group }) => ({
      id,
      start: regionBoundText(start),
      ...(end === undefined ? {} : { end: regionBoundText(end) }),
      group,
    })),
    groups,
  };
}

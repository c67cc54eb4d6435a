/** The topology of a cluster that somebody starts on one machine without writing a file first. */
import { parseRegionBound } from "../codec/region-bound.ts";
import { majorityOf, metaGroup, regionsFrom, topologyDefaults, type Topology } from "./topology.ts";

export type DefaultNodeCount = 1 | 3 | 5 | 7;

const zones = ["a", "b", "c"] as const;
const groupNames = [metaGroup, "g1", "g2"];
/** Thirds of the alphabet in the bucket that commands use unless told otherwise. */
const regionStarts = [
  { start: "", group: "g1" },
  { start: "default/i", group: "g2" },
  { start: "default/r", group: "g1" },
];

/** Every node is in every group; the groups prefer different leaders as far as there are nodes. */
export function defaultTopology(
  nodeCount: DefaultNodeCount,
  cluster: string,
  servers: readonly string[] = [topologyDefaults.server],
): Topology {
  const nodes = Array.from({ length: nodeCount }, (_, index) => ({
    name: `n${index + 1}`,
    labels: { zone: zones[index % zones.length] ?? zones[0] },
  }));
  const names = nodes.map(({ name }) => name);
  const majority = majorityOf(nodeCount);
  return {
    cluster,
    prefix: topologyDefaults.prefix,
    servers,
    nodes,
    groups: groupNames.map((name, index) => ({
      name,
      members: [...names.slice(index % nodeCount), ...names.slice(0, index % nodeCount)],
      phase1: majority,
      phase2: majority,
      leaseMs: topologyDefaults.leaseMs,
    })),
    regions: regionsFrom(
      regionStarts.map(({ start, group }) => ({ start: parseRegionBound(start), group })),
    ),
    buckets: [],
  };
}

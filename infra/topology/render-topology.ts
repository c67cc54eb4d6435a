/** From a topology back to the text of a topology file. */
import { Document, isCollection, visit } from "yaml";
import { regionBoundText } from "../codec/region-bound.ts";
import {
  majorityOf,
  topologyDefaults,
  type Topology,
  type TopologyBucket,
  type TopologyGroup,
} from "./topology.ts";

/** Deeper collections than this are written on one line, in braces and brackets. */
const blockDepthMax = 1;

/** Gives a file that loads as the same topology. What has its default value is left out. */
export function renderTopology(topology: Topology): string {
  const { cluster, prefix, servers, nodes, groups, regions, buckets } = topology;
  const document = new Document(
    new Map<string, unknown>([
      ["cluster", cluster],
      ...(prefix === topologyDefaults.prefix ? [] : ([["prefix", prefix]] as const)),
      ["nats", { servers }],
      ["nodes", new Map(nodes.map(({ name, labels }) => [name, fieldsOfNode(labels)]))],
      ["storeGroups", new Map(groups.map((group) => [group.name, fieldsOfGroup(group)]))],
      ["regions", regions.map(({ start, group }) => ({ start: regionBoundText(start), group }))],
      ...(buckets.length === 0 ? [] : ([["buckets", fieldsOfBuckets(buckets)]] as const)),
    ]),
    // Every text that YAML could read as something else is quoted anyway; anchors would be refused on loading.
    { aliasDuplicateObjects: false },
  );
  visit(document, (_key, node, path) => {
    const depth = path.filter((parent) => isCollection(parent)).length;
    if (isCollection(node)) node.flow = depth > blockDepthMax;
  });
  return document.toString({ lineWidth: 0 });
}

function fieldsOfNode(labels: Readonly<Record<string, string>>): object {
  return Object.keys(labels).length === 0 ? {} : { labels: new Map(Object.entries(labels)) };
}

function fieldsOfBuckets(buckets: readonly TopologyBucket[]): Map<string, object> {
  return new Map(
    buckets.map(({ name, watch }) => [name, watch === undefined ? {} : { watch }] as const),
  );
}

function fieldsOfGroup({ members, phase1, phase2, leaseMs }: TopologyGroup): object {
  const majority = majorityOf(members.length);
  return {
    members,
    ...(phase1 === majority ? {} : { phase1 }),
    ...(phase2 === majority ? {} : { phase2 }),
    ...(leaseMs === topologyDefaults.leaseMs ? {} : { leaseMs }),
  };
}

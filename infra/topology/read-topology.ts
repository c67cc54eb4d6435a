/** Reads a whole topology out of parsed YAML. */
import type { Topology } from "./topology.ts";
import { readBuckets } from "./read-buckets.ts";
import { readCluster, readPrefix, readServers } from "./read-cluster.ts";
import { readGroups } from "./read-groups.ts";
import { readNodes } from "./read-nodes.ts";
import { readRegions } from "./read-regions.ts";
import type { Place, YamlReader } from "./yaml-reader.ts";

/** The fields of the file, with an example of each. */
const fieldExamples = {
  cluster: "cluster: demo",
  prefix: "prefix: synod",
  nats: "nats: { servers: [nats://127.0.0.1:4222] }",
  nodes: "nodes: { n1: {}, n2: {}, n3: {} }",
  storeGroups: "storeGroups: { meta: { members: [n1, n2, n3] }, g1: { members: [n1, n2, n3] } }",
  regions: 'regions: [{ start: "", group: g1 }]',
  buckets: "buckets: { default: { watch: subjects } }",
} as const;

/** Undefined when the file is no map of fields; a topology only if the reader has no problems afterwards. */
export function readTopology(reader: YamlReader, root: Place): Topology | undefined {
  const fields = reader.fields(root, Object.keys(fieldExamples), fieldExamples.cluster);
  if (fields === undefined) return undefined;
  const required = (name: keyof typeof fieldExamples) =>
    reader.required(fields, name, root, fieldExamples[name]);
  const cluster = readCluster(reader, required("cluster"));
  const prefix = readPrefix(reader, fields.found.get("prefix"));
  const servers = readServers(reader, required("nats"));
  const nodes = readNodes(reader, required("nodes"));
  const groups = readGroups(reader, required("storeGroups"), nodes);
  const regions = readRegions(reader, required("regions"), groups);
  const buckets = readBuckets(reader, fields.found.get("buckets"));
  return { cluster, prefix, servers, nodes: nodes ?? [], groups: groups ?? [], regions, buckets };
}

/** Nodes, and whole clusters for development, started from a program. */
export { startNode, type NodeOptions, type RunningNode } from "./start-node.ts";
export {
  startDevCluster,
  type DevClusterOptions,
  type RunningDevCluster,
} from "./start-dev-cluster.ts";
export { loadTopology } from "../infra/topology/load-topology.ts";
export { defaultTopology, type DefaultNodeCount } from "../infra/topology/default-topology.ts";
export type {
  Topology,
  TopologyGroup,
  TopologyNode,
  TopologyRegion,
} from "../infra/topology/topology.ts";
export type { ReplicaLimits } from "../actors/replica/limits.ts";
export { SynodError } from "../infra/errors/synod-error.ts";

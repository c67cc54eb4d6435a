/** At which NATS server a node begins. */
import type { Topology } from "./topology.ts";

/**
 * The topology's servers, another one first for each node: with as many servers as nodes, the loss of one takes one
 * node's connection with it and not a quorum's.
 */
export function serversFor({ nodes, servers }: Topology, node: string): readonly string[] {
  const index = nodes.findIndex(({ name }) => name === node);
  if (index < 0) return servers;
  const first = index % servers.length;
  return [...servers.slice(first), ...servers.slice(0, first)];
}

/** One cluster at one moment, put together from its region manager's answer and every node's own word. */
import type { NodeStatus } from "../../infra/status/node-status.ts";
import type { ReplicaStatus } from "../../infra/status/replica-status.ts";
import { metaGroup } from "../../infra/topology/topology.ts";
import type { RoutingTable } from "../../machines/region-manager/routing.ts";

export interface NodePicture {
  readonly node: string;
  /** Undefined when the node did not answer. */
  readonly word: NodeStatus | undefined;
}

export interface MemberPicture {
  readonly node: string;
  readonly answered: boolean;
  /** Undefined also when the node answered and has no replica of the group, as when it takes no part at all. */
  readonly replica: ReplicaStatus | undefined;
}

export interface GroupPicture {
  readonly group: string;
  /** In order of preference for leading. */
  readonly members: readonly MemberPicture[];
  /** By its own word: a node that only was the leader does not count. */
  readonly leader: string | undefined;
}

export interface ClusterPicture {
  /** Undefined when no region manager is active, which takes a quorum of group `meta`. */
  readonly routing: RoutingTable | undefined;
  readonly nodes: readonly NodePicture[];
  readonly groups: readonly GroupPicture[];
}

export function drawPicture(
  routing: RoutingTable | undefined,
  words: readonly NodeStatus[],
): ClusterPicture {
  const nodes = namesOfNodes(words).map((node) => ({
    node,
    word: words.find((word) => word.node === node),
  }));
  const groups = [...membersOfGroups(routing, words)]
    .map(([group, names]) => pictureOfGroup(group, names, words))
    .toSorted((left, right) => inReadingOrder(left.group, right.group));
  return { routing, nodes, groups };
}

function namesOfNodes(words: readonly NodeStatus[]): readonly string[] {
  const named = words.flatMap(({ node, nodes }) => [...nodes, node]);
  return [...new Set(named)].toSorted(inReadingOrder);
}

/** `meta` first, and `n2` before `n10`. */
function inReadingOrder(left: string, right: string): number {
  if (left === metaGroup) return -1;
  if (right === metaGroup) return 1;
  return left.localeCompare(right, "en", { numeric: true });
}

function membersOfGroups(
  routing: RoutingTable | undefined,
  words: readonly NodeStatus[],
): ReadonlyMap<string, readonly string[]> {
  const members = new Map<string, readonly string[]>();
  for (const { group, nodes } of routing?.groups ?? []) members.set(group, nodes);
  for (const { replicas } of words) {
    for (const { group, members: names } of replicas) members.set(group, names);
  }
  return members;
}

function pictureOfGroup(
  group: string,
  names: readonly string[],
  words: readonly NodeStatus[],
): GroupPicture {
  const members = names.map((node) => {
    const word = words.find((candidate) => candidate.node === node);
    const replica = word?.replicas.find((candidate) => candidate.group === group);
    return { node, answered: word !== undefined, replica };
  });
  const leaders = members
    .filter(({ replica }) => replica?.role === "leader")
    // One that was cut off may not know yet that another was elected since.
    .toSorted((left, right) => roundOf(right) - roundOf(left));
  return { group, members, leader: leaders[0]?.node };
}

function roundOf({ replica }: MemberPicture): number {
  return replica?.ballot?.round ?? 0;
}

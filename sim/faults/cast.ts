/** Who plays in a scene around the leader of one group. */
import type { SimulatedNode } from "../simulated-node.ts";
import { shuffle } from "./network-faults.ts";
import type { Stage } from "./stage.ts";

export interface Cast {
  readonly group: string;
  readonly leader: SimulatedNode;
  /** In a drawn order. */
  readonly followers: readonly SimulatedNode[];
  readonly phase1: number;
  readonly phase2: number;
  readonly preVote: number;
}

/** Longer than a lease: whoever heard nothing from a leader for that long campaigns. */
export const leaseOverMs = { min: 640, max: 950 };
export const lookMs = 5;

/** A group that is led and has regions, by the victim if it leads one. Undefined when another scene is on. */
export function castFor(stage: Stage): Cast | undefined {
  const { cluster, victim, randomness } = stage;
  const { regions } = cluster.topology;
  const led = cluster.topology.groups.flatMap((group) => {
    const leader = cluster.leaderOf(group.name);
    return leader === undefined ? [] : [{ group, leader }];
  });
  // Clients ask nothing of a group without regions.
  const asked = led.filter(({ group }) => regions.some((region) => region.group === group.name));
  const own = asked.filter(({ leader }) => leader === victim);
  const [chosen] = shuffle(own.length > 0 ? own : asked, randomness);
  if (chosen === undefined || cluster.nodes.size < 3) return undefined;
  if (!cluster.sequels.takeStage()) return undefined;
  const { group, leader } = chosen;
  const others = [...cluster.nodes.values()].filter((node) => node !== leader);
  const { phase1, phase2 } = group;
  const followers = shuffle(others, randomness);
  return {
    group: group.name,
    leader,
    followers,
    phase1,
    phase2,
    preVote: Math.max(phase1, phase2),
  };
}

export function names(nodes: readonly SimulatedNode[]): readonly string[] {
  return nodes.map(({ name }) => name);
}

export function isLedByOneOf(nodes: readonly SimulatedNode[], group: string): boolean {
  return nodes.some(({ host }) => host?.replica(group)?.leads === true);
}

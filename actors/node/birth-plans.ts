/** What a topology wants each group to be born with, beside what the store was born into. */
import { decodeBirth } from "../../infra/codec/birth-codec.ts";
import type { LogStore } from "../../infra/log-store/log-store.ts";
import { metaGroup, type Topology } from "../../infra/topology/topology.ts";
import {
  objectionTo,
  planOf,
  type Birth,
  type BirthPlan,
} from "../../machines/birth/birth-record.ts";

/** Tolerated relative difference between two members' clock speeds. */
const driftRatio = 0.1;

/** The births a store holds already. */
export function storedBirths(store: LogStore): readonly Birth[] {
  return store.groups().flatMap((group) => {
    const stored = store.birth(group);
    return stored === undefined ? [] : [decodeBirth(stored.birth)];
  });
}

/**
 * The groups a node has a part in: those its store was born into, as they are, and those its topology adds. On every
 * node there is also `meta`, which names the cluster.
 */
export function birthPlansFor(
  topology: Topology,
  node: string,
  stored: readonly Birth[],
): readonly BirthPlan[] {
  const unborn = wishedPlans(topology, node).filter(
    ({ group }) => !stored.some((birth) => birth.group === group),
  );
  return [...stored.map(planOf), ...unborn];
}

/** How the topology file differs from what runs here, in words; undefined when it does not. */
export function topologyDifference(
  topology: Topology,
  node: string,
  stored: readonly Birth[],
): string | undefined {
  const wished = wishedPlans(topology, node);
  const differences = stored.flatMap((birth) => {
    const plan = wished.find(({ group }) => group === birth.group);
    if (plan === undefined) {
      return [
        `group ${birth.group} runs here, and the file has none of that name with ${node} in it`,
      ];
    }
    const objection = objectionTo(birth, plan);
    return objection === undefined ? [] : [`group ${birth.group}: ${objection}`];
  });
  return differences.length === 0 ? undefined : differences.join("; ");
}

function wishedPlans(topology: Topology, node: string): readonly BirthPlan[] {
  const own = topology.groups.filter(
    ({ name, members }) => name === metaGroup || members.includes(node),
  );
  const regions = topology.regions.map((region, index) => ({
    id: index + 1,
    version: 1,
    ...region,
  }));
  return own.map(({ name, members, phase1, phase2, leaseMs }) => ({
    cluster: topology.cluster,
    group: name,
    nodes: members,
    phase1,
    phase2,
    leaseMs,
    driftRatio,
    regions: name === metaGroup ? regions : regions.filter(({ group }) => group === name),
  }));
}

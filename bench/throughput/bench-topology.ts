/** The cluster that is measured: the one of `synod start`, or the same with other numbers of nodes and store groups. */
import { parseRegionBound } from "../../infra/codec/region-bound.ts";
import { defaultTopology, type DefaultNodeCount } from "../../infra/topology/default-topology.ts";
import { metaGroup, regionsFrom, type Topology } from "../../infra/topology/topology.ts";

/** Keys begin with a letter, each as often as any other. */
export const firstLetter = "a";
export const letters = 26;

export interface BenchTopologyOptions {
  readonly servers: readonly string[];
  readonly members: DefaultNodeCount;
  /** Each with an equal part of the letters; undefined: as the default topology has them. */
  readonly groups?: number;
}

export function benchTopology({ servers, members, groups }: BenchTopologyOptions): Topology {
  const usual = defaultTopology(members, "bench", servers);
  const [example] = usual.groups;
  if (groups === undefined || example === undefined) return usual;
  const names = Array.from({ length: groups }, (_, index) => `g${index + 1}`);
  const rotated = (by: number): readonly string[] => [
    ...example.members.slice(by % members),
    ...example.members.slice(0, by % members),
  ];
  return {
    ...usual,
    groups: [metaGroup, ...names].map((name, index) => ({
      ...example,
      name,
      members: rotated(index),
    })),
    regions: regionsFrom(
      names.map((group, index) => ({ start: parseRegionBound(startOf(index, groups)), group })),
    ),
  };
}

function startOf(index: number, groups: number): string {
  if (index === 0) return "";
  const letter = firstLetter.charCodeAt(0) + Math.round((index * letters) / groups);
  return `default/${String.fromCharCode(letter)}`;
}

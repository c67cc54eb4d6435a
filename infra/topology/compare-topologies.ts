/** Says in words what a topology file asks for that the running cluster does not have. */
import { regionBoundText } from "../codec/region-bound.ts";
import type {
  Topology,
  TopologyBucket,
  TopologyGroup,
  TopologyNode,
  TopologyRegion,
} from "./topology.ts";

/**
 * One line a difference, none when the two declare the same cluster. The servers are not compared: they say how
 * one machine reaches NATS, not what the cluster is. Neither is the order of nodes, groups and labels.
 */
export function compareTopologies(running: Topology, file: Topology): string[] {
  return [
    ...difference("cluster", running.cluster, file.cluster),
    ...difference("prefix", running.prefix, file.prefix),
    ...compareNamed("node", byName(running.nodes), byName(file.nodes), compareNodes),
    ...compareNamed("group", byName(running.groups), byName(file.groups), compareGroups),
    ...compareNamed("bucket", byName(running.buckets), byName(file.buckets), compareBuckets),
    ...compareNamed("region", byStart(running.regions), byStart(file.regions), compareRegions),
  ];
}

function compareNodes(what: string, running: TopologyNode, file: TopologyNode): string[] {
  return difference(`labels of ${what}`, labelsText(running), labelsText(file));
}

function compareGroups(what: string, running: TopologyGroup, file: TopologyGroup): string[] {
  return [
    ...difference(`members of ${what}`, running.members.join(", "), file.members.join(", ")),
    ...difference(`phase1 of ${what}`, running.phase1, file.phase1),
    ...difference(`phase2 of ${what}`, running.phase2, file.phase2),
    ...difference(`leaseMs of ${what}`, running.leaseMs, file.leaseMs),
  ];
}

function compareBuckets(what: string, running: TopologyBucket, file: TopologyBucket): string[] {
  return difference(`watch of ${what}`, running.watch ?? "", file.watch ?? "");
}

function compareRegions(what: string, running: TopologyRegion, file: TopologyRegion): string[] {
  return difference(`group of ${what}`, running.group, file.group);
}

function compareNamed<Item>(
  kind: string,
  running: ReadonlyMap<string, Item>,
  file: ReadonlyMap<string, Item>,
  compare: (what: string, running: Item, file: Item) => string[],
): string[] {
  const names = [...new Set([...running.keys(), ...file.keys()])];
  return names.flatMap((name) => {
    const what = `${kind} ${name}`;
    const runs = running.get(name);
    const declared = file.get(name);
    if (runs === undefined) return [`${what} is only in the file`];
    if (declared === undefined) return [`${what} runs, and is not in the file`];
    return compare(what, runs, declared);
  });
}

function difference(what: string, running: string | number, file: string | number): string[] {
  return running === file ? [] : [`${what}: ${orNone(running)} runs, the file has ${orNone(file)}`];
}

function orNone(value: string | number): string {
  return value === "" ? "none" : String(value);
}

function byName<Item extends { readonly name: string }>(items: readonly Item[]): Map<string, Item> {
  return new Map(items.map((item) => [item.name, item]));
}

function byStart(regions: readonly TopologyRegion[]): Map<string, TopologyRegion> {
  return new Map(regions.map((region) => [`"${regionBoundText(region.start)}"`, region]));
}

function labelsText({ labels }: TopologyNode): string {
  return Object.entries(labels)
    .map(([name, value]) => `${name}=${value}`)
    .toSorted()
    .join(", ");
}

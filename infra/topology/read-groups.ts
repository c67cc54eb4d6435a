/** Reads the store groups of a topology: who is in them, their quorums and their lease. */
import { majorityOf, metaGroup, topologyDefaults, topologyLimits } from "./topology.ts";
import type { TopologyGroup, TopologyNode } from "./topology.ts";
import { checkName, fixForUnknown } from "./read-names.ts";
import { quote, type Fields, type NamedPlace, type YamlReader } from "./yaml-reader.ts";

const membersExample = "members: [n1, n2, n3]";
const groupsExample = `storeGroups: { meta: { ${membersExample} } }`;
const groupFields = ["members", "phase1", "phase2", "leaseMs"];

/** Undefined when it cannot be told which groups there are; `nodes` undefined when that cannot. */
export function readGroups(
  reader: YamlReader,
  place: NamedPlace | undefined,
  nodes: readonly TopologyNode[] | undefined,
): TopologyGroup[] | undefined {
  if (place === undefined) return undefined;
  const entries = reader.entries(place, groupsExample);
  if (entries === undefined) return undefined;
  const nodeNames = nodes?.map(({ name }) => name);
  if (!entries.some(({ name }) => name === metaGroup)) {
    const members = (nodeNames ?? ["n1", "n2", "n3"]).slice(0, topologyLimits.membersMax);
    reader.report(
      place.at,
      `the group \`${metaGroup}\` is missing, which holds the cluster's own metadata`,
      `add ${metaGroup}: { members: [${members.join(", ")}] }`,
    );
  }
  const groups = entries.map((entry) => readGroup(reader, entry, nodeNames));
  const isMeta = ({ name }: TopologyGroup) => name === metaGroup;
  return [...groups.filter(isMeta), ...groups.filter((group) => !isMeta(group))];
}

function readGroup(
  reader: YamlReader,
  entry: NamedPlace,
  nodeNames: readonly string[] | undefined,
): TopologyGroup {
  const { name } = entry;
  checkName(reader, name, entry.nameAt, "a group");
  const group = { ...entry, what: `group ${entry.what}` };
  const { leaseMs } = topologyDefaults;
  const fields = reader.fields(group, groupFields, `${name}: { ${membersExample} }`);
  if (fields === undefined) return { name, members: [], phase1: 1, phase2: 1, leaseMs };
  const members = readMembers(reader, group, fields, nodeNames);
  const quorums = readQuorums(reader, group, fields, members?.length);
  return {
    name,
    members: members ?? [],
    ...quorums,
    leaseMs: readLease(reader, fields.found.get("leaseMs")) ?? leaseMs,
  };
}

function readLease(reader: YamlReader, place: NamedPlace | undefined): number | undefined {
  const { leaseMsMin, leaseMsMax } = topologyLimits;
  return place && reader.integer(place, leaseMsMin, leaseMsMax, "leaseMs: 600");
}

/** Undefined when it cannot be told how many members there are. */
function readMembers(
  reader: YamlReader,
  group: NamedPlace,
  fields: Fields,
  nodeNames: readonly string[] | undefined,
): string[] | undefined {
  const place = reader.required(fields, "members", group, membersExample);
  const items = place && reader.items(place, membersExample);
  if (place === undefined || items === undefined) return undefined;
  const members = new Set<string>();
  for (const item of items) {
    const member = reader.text(item, `the name of a node, as in ${membersExample}`);
    if (member === undefined) continue;
    if (members.has(member)) {
      reader.report(
        item.at,
        `${group.what} has the member ${quote(member)} twice`,
        "remove one of the two; a node votes once in a group",
      );
    } else if (nodeNames !== undefined && !nodeNames.includes(member)) {
      reader.report(
        item.at,
        `${group.what} has the member ${quote(member)}, which is no declared node`,
        fixForUnknown(member, nodeNames, "`nodes`"),
      );
    }
    members.add(member);
  }
  const { membersMax } = topologyLimits;
  if (members.size > membersMax) {
    reader.report(
      place.at,
      `${group.what} has ${members.size} members, at most ${membersMax} are allowed`,
      `remove ${members.size - membersMax}; ${membersMax} members bear the loss of ${membersMax - majorityOf(membersMax)}`,
    );
    return undefined;
  }
  return [...members];
}

/** Every phase 1 quorum must share a member with every phase 2 quorum, or two values could be chosen. */
function readQuorums(
  reader: YamlReader,
  group: NamedPlace,
  fields: Fields,
  memberCount: number | undefined,
): { phase1: number; phase2: number } {
  const count = memberCount ?? topologyLimits.membersMax;
  const majority = majorityOf(count);
  const read = (name: string): number | undefined => {
    const place = fields.found.get(name);
    return place === undefined ? majority : reader.integer(place, 1, count, `${name}: ${majority}`);
  };
  const phase1 = read("phase1");
  const phase2 = read("phase2");
  const quorums = { phase1: phase1 ?? majority, phase2: phase2 ?? majority };
  if (phase1 === undefined || phase2 === undefined || memberCount === undefined) return quorums;
  if (phase1 + phase2 > count) return quorums;
  const shown = (name: string, size: number) =>
    `${name} = ${size}${fields.found.has(name) ? "" : " (a majority, by default)"}`;
  reader.report(
    (fields.found.get("phase1") ?? fields.found.get("phase2") ?? group).nameAt,
    `two quorums of group ${quote(group.name)} can miss each other: ${shown("phase1", phase1)} and ` +
      `${shown("phase2", phase2)} make ${phase1 + phase2}, which must be more than its ${count} members`,
    `raise one of them until they make at least ${count + 1}, or leave both out for majorities of ${majority}`,
  );
  return quorums;
}

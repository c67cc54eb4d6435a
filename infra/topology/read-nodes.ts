/** Reads the nodes of a topology. */
import type { TopologyNode } from "./topology.ts";
import { checkName } from "./read-names.ts";
import { isEmpty, type NamedPlace, type YamlReader } from "./yaml-reader.ts";

const nodesExample = "nodes: { n1: {}, n2: {}, n3: {} }";
const labelsExample = "labels: { zone: a }";

/** Undefined when it cannot be told which nodes there are. */
export function readNodes(
  reader: YamlReader,
  place: NamedPlace | undefined,
): TopologyNode[] | undefined {
  if (place === undefined) return undefined;
  const entries = reader.entries(place, nodesExample);
  if (entries === undefined) return undefined;
  if (entries.length === 0) {
    reader.report(place.at, `${place.what} is empty`, `name at least one, as in ${nodesExample}`);
    return undefined;
  }
  return entries.map((entry) => {
    checkName(reader, entry.name, entry.nameAt, "a node");
    return { name: entry.name, labels: readLabels(reader, entry) };
  });
}

/** A node is often nothing but its name, and then YAML has an empty value for it. */
function readLabels(reader: YamlReader, node: NamedPlace): Readonly<Record<string, string>> {
  if (isEmpty(node)) return {};
  const within = { ...node, what: `node ${node.what}` };
  const fields = reader.fields(within, ["labels"], `${node.name}: { ${labelsExample} }`);
  const labels = fields?.found.get("labels");
  if (labels === undefined) return {};
  const read: [string, string][] = [];
  for (const label of reader.entries(labels, labelsExample) ?? []) {
    const what = `label ${label.what} of ${within.what}`;
    const value = reader.text({ ...label, what }, `it in quotes, as in ${label.name}: "1"`);
    if (value !== undefined) read.push([label.name, value]);
  }
  return Object.fromEntries(read);
}

/** A correct topology as text, which tests change in one place to see what is said about it. */
import { parseTopology } from "../../infra/topology/load-topology.ts";
import { TopologyError } from "../../infra/topology/topology-error.ts";

export const goodTopology = `cluster: demo
nats: { servers: [nats://127.0.0.1:4222] }
nodes:
  n1: { labels: { zone: a } }
  n2:
  n3: {}
storeGroups:
  meta: { members: [n1, n2, n3] }
  g1: { members: [n1, n2, n3] }
  g2: { members: [n2, n3, n1] }
regions:
  - { start: "", group: g1 }
  - { start: "default/h", group: g2 }
  - { start: "default/p", group: g1 }
`;

/** The good topology with one piece replaced. Throws when the piece does not occur exactly once. */
export function changed(from: string, to: string): string {
  const pieces = goodTopology.split(from);
  if (pieces.length !== 2) throw new Error(`${from} occurs ${pieces.length - 1} times`);
  return pieces.join(to);
}

/** What is said about the text: one line a problem, `line:column message | fix`. */
export function complaintsAbout(text: string): string[] {
  try {
    parseTopology(text, "topology.yaml");
    return [];
  } catch (failure) {
    if (!(failure instanceof TopologyError)) throw failure;
    return failure.problems.map(
      ({ line, column, message, fix }) => `${line}:${column} ${message} | ${fix}`,
    );
  }
}

import { expect, test } from "vitest";
import { compareTopologies } from "../../infra/topology/compare-topologies.ts";
import { parseTopology } from "../../infra/topology/load-topology.ts";
import { changed, goodTopology } from "./topology-text.ts";

const running = parseTopology(goodTopology, "running");

function differencesTo(text: string): string[] {
  return compareTopologies(running, parseTopology(text, "topology.yaml"));
}

test("a topology does not differ from itself, nor for how a machine reaches NATS", () => {
  expect(differencesTo(goodTopology)).toEqual([]);
  expect(differencesTo(changed("127.0.0.1:4222", "10.0.0.7:4333"))).toEqual([]);
});

test("the order of nodes and groups in a file means nothing", () => {
  const reordered = changed("  n3: {}\n", "")
    .replace("nodes:\n", "nodes:\n  n3: {}\n")
    .replace("  g1: { members: [n1, n2, n3] }\n", "")
    .replace("regions:", "  g1: { members: [n1, n2, n3] }\nregions:");
  expect(differencesTo(reordered)).toEqual([]);
});

test.each([
  [changed("cluster: demo", "cluster: prod"), "cluster: demo runs, the file has prod"],
  [changed("cluster: demo", "cluster: demo\nprefix: s"), "prefix: synod runs, the file has s"],
  [changed("  n3: {}", "  n3: {}\n  n4: {}"), "node n4 is only in the file"],
  [changed("zone: a", "zone: b"), "labels of node n1: zone=a runs, the file has zone=b"],
  [
    changed("n2:\n", "n2: { labels: { b: '2', a: '1' } }\n"),
    "labels of node n2: none runs, the file has a=1, b=2",
  ],
  [
    changed("[n2, n3, n1]", "[n3, n2, n1]"),
    "members of group g2: n2, n3, n1 runs, the file has n3, n2, n1",
  ],
  [
    changed("[n2, n3, n1] }", "[n2, n3, n1], phase1: 3 }"),
    "phase1 of group g2: 2 runs, the file has 3",
  ],
  [
    changed("[n2, n3, n1] }", "[n2, n3, n1], phase2: 3 }"),
    "phase2 of group g2: 2 runs, the file has 3",
  ],
  [
    changed("[n2, n3, n1] }", "[n2, n3, n1], leaseMs: 900 }"),
    "leaseMs of group g2: 600 runs, the file has 900",
  ],
  [changed("regions:", "  g3: { members: [n1] }\nregions:"), "group g3 is only in the file"],
  [changed("group: g2", "group: meta"), 'group of region "default/h": g2 runs, the file has meta'],
  [
    `${goodTopology}buckets: { default: { watch: subjects } }`,
    "bucket default is only in the file",
  ],
  [
    changed('  - { start: "default/p", group: g1 }\n', ""),
    'region "default/p" runs, and is not in the file',
  ],
])("a difference is named with both sides", (text, difference) => {
  expect(differencesTo(text)).toEqual([difference]);
});

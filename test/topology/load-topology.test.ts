import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, expect, test } from "vitest";
import { defaultTopology } from "../../infra/topology/default-topology.ts";
import { loadTopology, parseTopology } from "../../infra/topology/load-topology.ts";
import { TopologyError } from "../../infra/topology/topology-error.ts";
import { changed, goodTopology } from "./topology-text.ts";

const folder = mkdtempSync(join(tmpdir(), "synod-topology-"));
afterAll(() => rmSync(folder, { recursive: true }));

function fileWith(content: string | Buffer): string {
  const path = join(folder, "topology.yaml");
  writeFileSync(path, content);
  return path;
}

function failureOf(work: () => unknown): TopologyError {
  try {
    work();
  } catch (failure) {
    if (failure instanceof TopologyError) return failure;
    throw failure;
  }
  throw new Error("a TopologyError was expected");
}

test("a topology is plain data: keys in the store's form, ends filled in, defaults filled in", () => {
  expect(loadTopology(fileWith(goodTopology))).toEqual({
    cluster: "demo",
    prefix: "synod",
    servers: ["nats://127.0.0.1:4222"],
    nodes: [
      { name: "n1", labels: { zone: "a" } },
      { name: "n2", labels: {} },
      { name: "n3", labels: {} },
    ],
    groups: [
      { name: "meta", members: ["n1", "n2", "n3"], phase1: 2, phase2: 2, leaseMs: 600 },
      { name: "g1", members: ["n1", "n2", "n3"], phase1: 2, phase2: 2, leaseMs: 600 },
      { name: "g2", members: ["n2", "n3", "n1"], phase1: 2, phase2: 2, leaseMs: 600 },
    ],
    regions: [
      { start: "", end: "default\0h", group: "g1" },
      { start: "default\0h", end: "default\0p", group: "g2" },
      { start: "default\0p", end: undefined, group: "g1" },
    ],
    buckets: [],
  });
});

test("what a group declares wins over the defaults, as long as quorums meet", () => {
  const text = changed(
    "{ members: [n2, n3, n1] }",
    "{ members: [n2, n3, n1], phase1: 3, phase2: 1, leaseMs: 200 }",
  );
  expect(parseTopology(text, "topology.yaml").groups[2]).toEqual({
    name: "g2",
    members: ["n2", "n3", "n1"],
    phase1: 3,
    phase2: 1,
    leaseMs: 200,
  });
});

test("a bucket may have its changes published whether or not anybody asks", () => {
  const text = `${goodTopology}buckets:\n  sensors: { watch: subjects }\n  default: {}\n`;
  expect(parseTopology(text, "topology.yaml").buckets).toEqual([
    { name: "sensors", watch: "subjects" },
    { name: "default", watch: undefined },
  ]);
});

test("the group meta comes first, wherever it stands in the file", () => {
  const meta = "  meta: { members: [n1, n2, n3] }\n";
  const text = changed(meta, "").replace("regions:", `${meta}regions:`);
  const names = parseTopology(text, "topology.yaml").groups.map(({ name }) => name);
  expect(names).toEqual(["meta", "g1", "g2"]);
});

test("a label may have a name that JavaScript uses itself", () => {
  const text = changed("zone: a", "__proto__: a, constructor: b");
  const labels = parseTopology(text, "topology.yaml").nodes[0]?.labels ?? {};
  expect(Object.entries(labels)).toEqual([
    ["__proto__", "a"],
    ["constructor", "b"],
  ]);
});

test("windows line ends and a byte order mark do not disturb", () => {
  const text = `\uFEFF${goodTopology.replaceAll("\n", "\r\n")}`;
  expect(loadTopology(fileWith(text))).toEqual(parseTopology(goodTopology, "topology.yaml"));
});

test("the topology of this repository is the default one", () => {
  const path = fileURLToPath(new URL("../../topology.yaml", import.meta.url));
  expect(loadTopology(path)).toEqual(defaultTopology(3, "demo"));
});

test("a missing file is told with its path", () => {
  const path = join(folder, "absent.yaml");
  const failure = failureOf(() => loadTopology(path));
  expect(failure.problems).toEqual([
    {
      line: 0,
      column: 0,
      message: `there is no file ${path}`,
      fix: "name the topology file with -f",
    },
  ]);
  expect(failure.message).toBe(
    `absent.yaml there is no file ${path}\n    fix: name the topology file with -f`,
  );
});

test("a path that is no file is told", () => {
  expect(failureOf(() => loadTopology(folder)).message).toContain("EISDIR");
});

test("a file that is too large is not even parsed", () => {
  const path = fileWith("#".repeat(1024 * 1024 + 1));
  expect(failureOf(() => loadTopology(path)).message).toContain("larger than 1048576 bytes");
  expect(failureOf(() => loadTopology("/dev/zero")).message).toContain("larger than 1048576 bytes");
});

test("a file that is no UTF-8 text is told", () => {
  const path = fileWith(Buffer.from(goodTopology.replace("demo", "dämo"), "latin1"));
  expect(failureOf(() => loadTopology(path)).message).toContain("no UTF-8 text");
});

test("many thousand mistakes are found in one go", () => {
  const members = Array.from({ length: 20_000 }, (_, index) => `m${index}`).join(", ");
  const text = changed("[n2, n3, n1]", `[${members}]`);
  expect(failureOf(() => parseTopology(text, "topology.yaml")).problems).toHaveLength(20_001);
});

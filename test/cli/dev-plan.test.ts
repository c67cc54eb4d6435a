import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { keptPasswords } from "../../cli/dev/dev-passwords.ts";
import { planDevCluster } from "../../cli/dev/dev-plan.ts";
import { defaultTopology } from "../../infra/topology/default-topology.ts";
import { renderTopology } from "../../infra/topology/render-topology.ts";
import { systemRandomness } from "../../infra/randomness/system-randomness.ts";

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "synod-plan-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

function topologyFile(change: (text: string) => string = (text) => text): string {
  const file = join(folder, "topology.yaml");
  writeFileSync(file, change(renderTopology(defaultTopology(3, "mine"))));
  return file;
}

test("the shipped topology runs unless something else is asked for", () => {
  const { topology, root, clusterDirectory, ephemeral } = planDevCluster({ port: 4333 });
  expect(topology.nodes).toHaveLength(3);
  expect(topology.servers).toEqual(["nats://127.0.0.1:4333"]);
  expect(topology.groups.length).toBeGreaterThanOrEqual(3);
  expect(topology.regions.length).toBeGreaterThanOrEqual(3);
  expect({ root, clusterDirectory, ephemeral }).toEqual({
    root: ".synod",
    clusterDirectory: join(".synod", topology.cluster),
    ephemeral: false,
  });
});

test("another number of nodes is another cluster, with data of its own", () => {
  const three = planDevCluster({ port: 4222, nodes: 3 });
  const five = planDevCluster({ port: 4222, nodes: 5 });
  expect(five.topology.nodes).toHaveLength(5);
  expect(five.clusterDirectory).not.toBe(three.clusterDirectory);
  expect(three.topology.cluster).toBe(planDevCluster({ port: 4222 }).topology.cluster);
});

test("browsers get in only where that is asked for, at a port of its own", () => {
  expect(planDevCluster({ port: 4222 }).brokerConfig).toMatch(/\/nats\.conf$/);
  const { brokerConfig } = planDevCluster({ port: 4222, websocketPort: 8080 });
  expect(brokerConfig).toMatch(/\/nats-websocket\.conf$/);
  expect(() => planDevCluster({ port: 4222, websocketPort: 4222 })).toThrow("both 4222");
});

test("a file is run as it is, and a number that contradicts it is refused", () => {
  const file = topologyFile();
  expect(planDevCluster({ file, port: 4222, nodes: 3 }).topology.cluster).toBe("mine");
  expect(() => planDevCluster({ file, port: 4222, nodes: 5 })).toThrow("--nodes says 5");
});

test("a file that nats.conf has no users or subjects for is refused, and says what to do", () => {
  const renamed = topologyFile((text) => text.replaceAll("n3", "third"));
  expect(() => planDevCluster({ file: renamed, port: 4222 })).toThrow(
    expect.objectContaining({
      code: "TOPOLOGY_INVALID",
      message: expect.stringContaining("a node third"),
      nextStep: expect.stringContaining("synod start"),
    }),
  );
  const prefixed = topologyFile((text) => text.replace("nats:", "prefix: other\nnats:"));
  expect(() => planDevCluster({ file: prefixed, port: 4222 })).toThrow("prefix is other");
});

test("what is wrong in the file is told with its lines", () => {
  const file = topologyFile((text) => text.replace("n2, n3, n1", "n2, n3, n9"));
  expect(() => planDevCluster({ file, port: 4222 })).toThrow(/topology.yaml:\d+:\d+ .*n9[^]*fix: /);
});

test("--ephemeral makes a directory of its own, and excludes --data", () => {
  const { root, ephemeral } = planDevCluster({ port: 4222, ephemeral: true });
  rmSync(root, { recursive: true });
  expect(ephemeral).toBe(true);
  expect(root.startsWith(tmpdir())).toBe(true);
  expect(() => planDevCluster({ port: 4222, ephemeral: true, data: "x" })).toThrow("contradict");
});

test("passwords are made once, and what is no passwords file is not replaced", () => {
  mkdirSync(join(folder, "demo"));
  const made = keptPasswords(join(folder, "demo"), systemRandomness);
  expect(Object.keys(made)).toHaveLength(8);
  expect(keptPasswords(join(folder, "demo"), systemRandomness)).toEqual(made);
  writeFileSync(join(folder, "demo", "passwords.json"), "{}");
  expect(() => keptPasswords(join(folder, "demo"), systemRandomness)).toThrow(
    expect.objectContaining({ nextStep: expect.stringContaining("Remove the file") }),
  );
});

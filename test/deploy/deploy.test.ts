/** The files in deploy/ are well formed, and agree with each other and with what they start. */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, test } from "vitest";
import { parseAllDocuments, parse } from "yaml";
import { pinnedVersion } from "../../infra/broker/official-release.ts";
import { loadTopology, parseTopology } from "../../infra/topology/load-topology.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const deploy = join(root, "deploy");
const folder = mkdtempSync(join(tmpdir(), "synod-deploy-"));
afterAll(() => rmSync(folder, { recursive: true }));

const text = (...path: string[]): string => readFileSync(join(deploy, ...path), "utf8");

function isInstalled(program: string, ...args: string[]): boolean {
  return spawnSync(program, args, { stdio: "ignore" }).status === 0;
}

/** Every variable that nats.conf reads. */
const passwords = [
  ...new Set(
    [...readFileSync(join(root, "nats.conf"), "utf8").matchAll(/^[^#\n]*\$(SYNOD_\w+)/gm)].map(
      ([, name = ""]) => name,
    ),
  ),
].sort();

function generatedPasswords(): Map<string, string> {
  const said = execFileSync(join(deploy, "passwords.sh"), { encoding: "utf8" });
  const pairs = said
    .trim()
    .split("\n")
    .map((line) => line.split("="));
  return new Map(pairs.map(([name = "", value = ""]) => [name, value]));
}

test("a password is made for everybody whom nats.conf knows, each time anew and never a number", () => {
  const first = generatedPasswords();
  expect([...first.keys()].sort()).toEqual(passwords);
  for (const password of first.values()) expect(password).toMatch(/^s[0-9a-f]{32}$/);
  expect(new Set([...first.values(), ...generatedPasswords().values()]).size).toBe(
    2 * passwords.length,
  );
});

/** `synod start` with these arguments: the node it starts. */
function nodeStarted(args: readonly string[]): string {
  const [command, ...rest] = args;
  expect(command).toBe("start");
  const flags = new Map<string, string>();
  for (let at = 0; at < rest.length; at += 2) flags.set(rest[at] ?? "", rest[at + 1] ?? "");
  expect([...flags.keys()].sort()).toEqual(["--data", "--file", "--node"]);
  expect(flags.get("--file")).toBe("/etc/synod/topology.yaml");
  return flags.get("--node") ?? "";
}

describe("docker compose", () => {
  interface Service {
    readonly image: string;
    readonly command: readonly string[];
    readonly volumes: readonly string[];
    readonly environment?: Readonly<Record<string, string>>;
    readonly env_file?: string;
    readonly depends_on?: readonly string[];
  }
  const composed = parse(text("docker-compose.yml"), { merge: true }) as {
    readonly services: Readonly<Record<string, Service>>;
    readonly volumes: Readonly<Record<string, unknown>>;
  };
  const { nats, ...nodes } = composed.services;
  const topology = loadTopology(join(deploy, "topology.yaml"));

  test("has the topology's nodes, and the NATS server where it looks for it", () => {
    expect(topology.servers).toEqual(["nats://nats:4222"]);
    expect(Object.keys(nodes)).toEqual(topology.nodes.map(({ name }) => name));
    expect(nats?.image).toBe(`nats:${pinnedVersion}-alpine`);
    expect(nats?.env_file).toBe(".env");
    expect(nats?.volumes).toEqual(["../nats.conf:/etc/nats/nats.conf:ro"]);
  });

  test("gives each node its own data and its own password, and no other", () => {
    for (const [name, service] of Object.entries(nodes)) {
      expect(nodeStarted(service.command)).toBe(name);
      const variable = `SYNOD_NATS_PASSWORD_${name.toUpperCase()}`;
      expect(service.environment).toEqual({
        [variable]: expect.stringMatching(new RegExp(`^\\$\\{${variable}:\\?`)),
      });
      expect(service.volumes).toEqual([
        "./topology.yaml:/etc/synod/topology.yaml:ro",
        `${name}:/var/lib/synod`,
      ]);
      expect(service.depends_on).toEqual(["nats"]);
    }
    expect(Object.keys(composed.volumes)).toEqual(Object.keys(nodes));
  });

  test.skipIf(!isInstalled("docker", "compose", "version"))("is taken by docker compose", () => {
    writeFileSync(
      join(folder, ".env"),
      [...generatedPasswords()].map((pair) => pair.join("=")).join("\n"),
    );
    const args = ["compose", "--env-file", join(folder, ".env"), "-f", "docker-compose.yml"];
    // The file of passwords that the NATS server reads is made by whoever deploys.
    const file = text("docker-compose.yml").replace("env_file: .env", `env_file: ${folder}/.env`);
    writeFileSync(join(folder, "docker-compose.yml"), file);
    execFileSync("docker", [...args, "config", "--quiet"], { cwd: folder, stdio: "pipe" });
  });
});

test("the image runs the command as nobody special, with its data in a volume", () => {
  const instructions = text("Dockerfile")
    .replaceAll(/\\\n/g, " ")
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"))
    .map((line) => /^([A-Z]+) +(.*)$/.exec(line)?.slice(1) ?? ["", line]);
  const known = ["FROM", "WORKDIR", "COPY", "RUN", "USER", "VOLUME", "ENTRYPOINT", "CMD"];
  for (const [name] of instructions) expect(known).toContain(name);
  const last = new Map(instructions.map(([name = "", value = ""]) => [name, value]));
  expect(last.get("USER")).toBe("node");
  expect(last.get("VOLUME")).toBe("/var/lib/synod");
  expect(JSON.parse(last.get("ENTRYPOINT") ?? "")).toEqual(["synod"]);
  const stages = instructions.filter(([name]) => name === "FROM");
  expect(stages.map(([, image]) => image)).toEqual([
    "node:20-bookworm-slim AS build",
    "node:20-bookworm-slim",
  ]);
});

describe("systemd", () => {
  const unit = text("synod@.service");

  test("starts the node that the instance is named after, and lets it stop in good order", () => {
    const command = /^ExecStart=(.*)$/m.exec(unit)?.[1]?.split(" ") ?? [];
    expect(command[0]).toBe("/usr/bin/synod");
    expect(nodeStarted(command.slice(1))).toBe("%i");
    expect(unit).toMatch(/^KillSignal=SIGTERM$/m);
    expect(Number(/^TimeoutStopSec=(\d+)$/m.exec(unit)?.[1])).toBeGreaterThan(2);
  });

  test.skipIf(!isInstalled("systemd-analyze", "--version"))("is taken by systemd-analyze", () => {
    const file = join(folder, "synod@.service");
    // It wants the program to be there.
    writeFileSync(file, unit.replace("/usr/bin/synod", process.execPath));
    const { status, stderr } = spawnSync("systemd-analyze", ["verify", file], { encoding: "utf8" });
    const complaints = stderr.split("\n").filter((line) => line.includes("synod@"));
    expect({ status, complaints }).toEqual({ status: 0, complaints: [] });
  });
});

describe("Kubernetes", () => {
  interface Resource {
    readonly apiVersion: string;
    readonly kind: string;
    readonly metadata: { readonly name: string };
    readonly data?: Readonly<Record<string, string>>;
    readonly spec?: Workload;
  }
  interface Container {
    readonly image: string;
    readonly args: readonly string[];
    readonly envFrom: readonly { readonly secretRef: { readonly name: string } }[];
    readonly volumeMounts: readonly { readonly name: string; readonly mountPath: string }[];
  }
  interface Workload {
    readonly replicas: number;
    readonly serviceName: string;
    readonly selector: { readonly matchLabels: Readonly<Record<string, string>> };
    readonly template: {
      readonly metadata: { readonly labels: Readonly<Record<string, string>> };
      readonly spec: {
        readonly terminationGracePeriodSeconds?: number;
        readonly containers: readonly Container[];
        readonly volumes: readonly {
          readonly name: string;
          readonly configMap: { name: string };
        }[];
      };
    };
    readonly volumeClaimTemplates?: readonly { readonly metadata: { readonly name: string } }[];
  }

  const files = readdirSync(join(deploy, "kubernetes")).sort();
  const resources = files.flatMap((file) =>
    parseAllDocuments(text("kubernetes", file)).map((document) => {
      expect(document.errors).toEqual([]);
      return document.toJS() as Resource;
    }),
  );
  const one = (kind: string, name: string): Resource => {
    const found = resources.filter((each) => each.kind === kind && each.metadata.name === name);
    expect(found).toHaveLength(1);
    return found[0] as Resource;
  };
  const apiVersions: Readonly<Record<string, string>> = {
    ConfigMap: "v1",
    PodDisruptionBudget: "policy/v1",
    Service: "v1",
    StatefulSet: "apps/v1",
  };

  test("every resource is of a known kind and version, and no two have one name", () => {
    for (const { kind, apiVersion } of resources) expect(apiVersion).toBe(apiVersions[kind]);
    const names = resources.map(({ kind, metadata }) => `${kind}/${metadata.name}`);
    expect(new Set(names).size).toBe(names.length);
  });

  test("what a workload selects, mounts and belongs to is there", () => {
    const made = [
      "synod-nats",
      ...resources.filter(({ kind }) => kind === "ConfigMap").map(({ metadata }) => metadata.name),
    ];
    for (const { kind, spec } of resources) {
      if (kind !== "StatefulSet" || spec === undefined) continue;
      one("Service", spec.serviceName);
      expect(spec.template.metadata.labels).toMatchObject(spec.selector.matchLabels);
      const { containers, volumes } = spec.template.spec;
      for (const { configMap } of volumes) expect(made).toContain(configMap.name);
      const claimed = (spec.volumeClaimTemplates ?? []).map(({ metadata }) => metadata.name);
      const available = [...volumes.map(({ name }) => name), ...claimed];
      for (const { volumeMounts, envFrom } of containers) {
        expect(volumeMounts.map(({ name }) => name).sort()).toEqual(available.sort());
        expect(envFrom).toEqual([{ secretRef: { name: "synod-passwords" } }]);
      }
    }
    expect(text("kubernetes", "nats.yaml")).toContain(
      "create configmap synod-nats --from-file=nats.conf",
    );
    expect(text("kubernetes", "nats.yaml")).toContain("create secret generic synod-passwords");
  });

  test("each pod is a node of the topology, under the right name", () => {
    const declared = one("ConfigMap", "synod-topology").data?.["topology.yaml"] ?? "";
    const topology = parseTopology(declared, "topology.yaml");
    expect(topology).toEqual(loadTopology(join(deploy, "topology.yaml")));
    const spec = one("StatefulSet", "synod").spec as Workload;
    expect(spec.replicas).toBe(topology.nodes.length);
    const [line = ""] = spec.template.spec.containers[0]?.args ?? [];
    const started = Array.from({ length: spec.replicas }, (_, ordinal) => {
      const echoing = line.replace("exec synod", "echo");
      const env = { HOSTNAME: `synod-${ordinal}`, PATH: process.env["PATH"] };
      const said = execFileSync("sh", ["-c", echoing], { encoding: "utf8", env });
      return nodeStarted(said.trim().split(" "));
    });
    expect(started).toEqual(topology.nodes.map(({ name }) => name));
    expect(spec.template.spec.terminationGracePeriodSeconds).toBeGreaterThan(2);
    expect(one("Service", "nats").metadata.name).toBe(new URL(topology.servers[0] ?? "").hostname);
  });

  test.skipIf(!isInstalled("kubeconform", "-v"))("is taken by kubeconform", () => {
    const paths = files.map((file) => join(deploy, "kubernetes", file));
    execFileSync("kubeconform", ["-strict", ...paths], { stdio: "pipe" });
  });
});

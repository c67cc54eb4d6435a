/** `synod doctor`: what it makes of measurements, and what it finds in a real cluster, a broken one and none. */
import { mkdtempSync, rmSync, writeFileSync, readdirSync, chmodSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  greeting,
  largestMessage,
  permissionFindings,
  roundTrip,
} from "../../cli/doctor/examine-broker.ts";
import { bestSamples, examineClocks } from "../../cli/doctor/examine-cluster.ts";
import { flushes, nodeVersion, openFiles, room } from "../../cli/doctor/examine-machine.ts";
import type { Finding } from "../../cli/doctor/finding.ts";
import { freePort } from "../broker/real-broker.ts";
import { startNatsServer } from "../support/nats-server.ts";
import { DevProcess, runSynod, type Ended } from "./support/synod.ts";

describe("measurements are judged", () => {
  const disk = 0xef53;
  const tmpfs = 0x01021994;
  const gibibyte = 1024 ** 3;

  test.each<[string, Finding, Finding["level"], string]>([
    ["a quick disk", flushes("/d", [0.3, 0.4, 0.5], disk), "ok", "p50 0.40 ms, p99 0.50 ms"],
    ["a slow disk", flushes("/d", [5, 5, 90], disk), "warn", "p99 90 ms"],
    ["a disk that stalls", flushes("/d", [5, 5, 2_000], disk), "fail", "p99 2000 ms"],
    ["memory", flushes("/d", [0.3], tmpfs), "warn", "p50 0.30 ms"],
    ["flushes that do nothing", flushes("/d", [0.001], disk), "warn", "p50 0.00 ms"],
    ["room", room("/d", 50 * gibibyte), "ok", "50.0 GiB"],
    ["little room", room("/d", 5 * gibibyte), "warn", "5.0 GiB"],
    ["no room", room("/d", 0.5 * gibibyte), "fail", "512 MiB"],
    ["many files", openFiles(65_536), "ok", "65,536"],
    ["all files", openFiles(undefined), "ok", "no limit"],
    ["few files", openFiles(256), "warn", "256"],
    ["an old Node", nodeVersion("20.18.1"), "fail", "20.18.1"],
    ["a Node of today", nodeVersion("22.1.0"), "ok", "22.1.0"],
    [
      "an old server",
      greeting("n", { kind: "nats-server", name: "", version: "2.8.4" }),
      "fail",
      "2.8.4",
    ],
    [
      "a server",
      greeting("n", { kind: "nats-server", name: "", version: "2.12.0" }),
      "ok",
      "2.12.0",
    ],
    ["another program", greeting("n", { kind: "stranger" }), "fail", "does not greet"],
    ["nobody", greeting("n", { kind: "nobody" }), "fail", "nobody listens"],
    ["a far server", roundTrip([40, 41, 42]), "warn", "p50 41 ms"],
    ["small messages", largestMessage(64 * 1024), "warn", "64.0 KiB"],
    ["huge messages", largestMessage(64 * 1024 ** 2), "warn", "64.0 MiB"],
  ])("%s", (_, found, level, text) => {
    expect(found).toMatchObject({ level, found: expect.stringContaining(text) });
    // Whatever is wrong has a reason and a way out.
    expect([found.problem, found.nextStep].every(Boolean)).toBe(level !== "ok");
  });

  test("clocks by how far they are apart, as far as the answers' way allows to say", () => {
    const sample = (node: string, offsetMs: number | undefined, roundTripMs = 2) => {
      return { node, offsetMs, roundTripMs };
    };
    const level = (...samples: ReturnType<typeof sample>[]) => examineClocks(samples).level;
    expect(level(sample("n1", 5_000), sample("n2", 5_010))).toBe("ok");
    expect(level(sample("n1", 0), sample("n2", 400))).toBe("warn");
    expect(level(sample("n1", 0), sample("n2", 400, 300))).toBe("ok");
    expect(level(sample("n1", -900), sample("n2", 900))).toBe("fail");
    expect(level(sample("n1", undefined))).toBe("unknown");
    expect(bestSamples([sample("n2", 9, 9), sample("n1", 1), sample("n2", 2, 2)])).toEqual([
      sample("n1", 1),
      sample("n2", 2, 2),
    ]);
  });

  test("permissions by who needs them, and forgeries by whether they pass", () => {
    const forged = ["publish s.p.synod-doctor.synod-doctor", "publish s.kv.synod-doctor.watch.x"];
    const levels = (...refused: string[]) =>
      permissionFindings("s", new Set(refused)).map(({ level }) => level);
    expect(levels(...forged)).toEqual(["ok", "ok"]);
    expect(levels()).toEqual(["ok", "warn"]);
    expect(levels(...forged, "publish s.admin.get.node")).toEqual(["warn", "ok"]);
    expect(levels(...forged, "publish s.api")).toEqual(["fail", "ok"]);
  });
});

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "synod-doctor-"));
});
afterAll(() => rmSync(directory, { recursive: true }));

function doctor(...args: string[]): Promise<Ended> {
  return runSynod(["doctor", ...args], { directory });
}

async function findings(...args: string[]): Promise<readonly Finding[]> {
  const { stdout } = await doctor("--json", ...args);
  return (JSON.parse(stdout) as { findings: Finding[] }).findings;
}

test("before there is a cluster the machine is examined, and nothing is left behind", async () => {
  const { code, stdout } = await doctor();
  expect(code).toBe(0);
  expect(stdout).toMatch(/^THIS MACHINE\n(.*\n)*.*flush of 4 KiB {2}p50 /);
  expect(stdout).toMatch(/^unknown {2}cluster {2}none is named, and none runs here$/m);
  expect(readdirSync(directory)).toEqual([]);
  expect(await findings("--local")).not.toContainEqual(
    expect.objectContaining({ area: "cluster" }),
  );
});

test.skipIf(process.getuid?.() === 0)("a directory that may not be written to", async () => {
  chmodSync(directory, 0o500);
  const { code, stdout } = await doctor("--local");
  chmodSync(directory, 0o700);
  expect(code).toBe(1);
  expect(stdout).toMatch(/^fail {2}data directory/m);
});

test("a server that is named and not there is a failure, with what is unknown for it", async () => {
  const { code, stdout } = await doctor("--servers", `nats://127.0.0.1:${await freePort()}`);
  expect(code).toBe(1);
  expect(stdout).toMatch(/^fail {2}server nats:.*nobody listens$/m);
  expect(stdout).toMatch(/^unknown {2}cluster: no NATS server \(from --servers\) can be reached/m);
  expect(stdout).toContain("next: Start the NATS server, then run this again.");
});

test("a server without nodes, which lets everybody do everything", async () => {
  const server = await startNatsServer();
  const found = await findings("--servers", server.url);
  await server.kill();
  expect(found).toContainEqual(expect.objectContaining({ check: "forgeries", level: "warn" }));
  expect(found).toContainEqual(
    expect.objectContaining({ check: "this user's permissions", level: "ok" }),
  );
  expect(found).toContainEqual(expect.objectContaining({ check: "nodes", level: "fail" }));
});

describe("a cluster", () => {
  let dev: DevProcess;
  beforeAll(async () => {
    dev = new DevProcess(["--ephemeral", "--port", String(await freePort())], { directory });
    await dev.ready();
  });
  afterAll(async () => {
    dev.signal("SIGTERM");
    await dev.ended;
  });

  test("that is well is found to be", async () => {
    const found = await findings();
    const byCheck = Object.fromEntries(found.map((finding) => [finding.check, finding]));
    for (const check of [
      "this user's permissions",
      "forgeries",
      "clocks",
      "versions",
      "max_payload",
    ]) {
      expect(byCheck[check]).toMatchObject({ level: "ok" });
    }
    for (const node of ["n1", "n2", "n3"]) {
      expect(byCheck[`node ${node}`]?.found).toMatch(/^answers in .* event loop late by .* flush/);
    }
    expect(Object.keys(byCheck["clocks"]?.measured ?? {})).toEqual(["n1", "n2", "n3"]);
    expect(byCheck["group g1"]?.found).toMatch(/^led by n\d, at most \d+ entries behind$/);
    // The data directory is that of the cluster that runs here.
    expect(byCheck["flush of 4 KiB"]?.found).toContain(dev.note().directory);
  });

  test("that is not what a file says", async () => {
    const groups = "  meta: { members: [n1, n2, n4] }\n  g1: { members: [n1, n2, n4] }\n";
    writeFileSync(
      join(directory, "other.yaml"),
      `cluster: other\nnats: { servers: [nats://127.0.0.1:4222] }\nnodes: { n1: {}, n2: {}, n4: {} }\nstoreGroups:\n${groups}regions:\n  - { start: "", group: g1 }\n`,
    );
    const { code, stdout } = await doctor("-f", "other.yaml");
    expect(code).toBe(1);
    expect(stdout).toMatch(
      /^fail {2}topology +nodes only running: n3; nodes only in the file: n4; /m,
    );
    expect(stdout).toMatch(/members of g1: n\d, n\d, n\d run, the file has n1, n2, n4/);
  });

  test("of which a node is away", async () => {
    const paused = dev.pidOf("n3");
    process.kill(paused, "SIGSTOP");
    try {
      const { code, stdout } = await doctor("--timeout", "300ms");
      expect(code).toBe(1);
      expect(stdout).toMatch(/^fail {2}node n3: it is down, cut off, or not allowed to be asked$/m);
      expect(stdout).toMatch(/^(ok|warn) +node n1 +answers in/m);
    } finally {
      process.kill(paused, "SIGCONT");
    }
  });
});

/** A run from end to end, with numbers as small as they get: nothing is measured, but everything happens. */
import { execFile } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { goCommand, goModule } from "../../bench/comparison/peers.ts";
import type { ContestantName } from "../../bench/comparison/contestant.ts";
import { measurementsOf } from "../../bench/comparison/ratios.ts";
import type { ComparisonResult } from "../../bench/comparison/results.ts";
import { compiledPath } from "../support/compiled.ts";
import { runTool, type Ended } from "../support/tools.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const timeoutMs = 120_000;
const buildTimeoutMs = 600_000;

const go = goCommand();

let folder: string;

beforeEach(() => {
  // On the disk: the benchmark refuses directories that are in memory only.
  folder = mkdtempSync(join(root, "node_modules", ".cache", "bench-test-"));
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

interface Ran {
  readonly result: ComparisonResult;
  readonly printed: string;
  readonly said: string;
}

function bench(only: string): Promise<Ran> {
  const json = join(folder, "result.json");
  const data = join(folder, "data");
  const tiny = ["--keys", "300", "--seconds", "0.3", "--warm-up", "0.1"];
  const args = ["--quick", ...tiny, "--only", only, "--json", json, "--directory", data];
  const program = compiledPath("bench/main.ts");
  return new Promise((resolve, reject) => {
    execFile(process.execPath, [program, ...args], (failure, printed, said) => {
      if (failure !== null) return reject(new Error(`${failure.message}\n${said}`));
      const result = JSON.parse(readFileSync(json, "utf8")) as ComparisonResult;
      resolve({ result, printed, said });
    });
  });
}

/** It did something at each of its cells, without errors, and its processes cost something. */
function expectMeasured({ result, said }: Ran, name: ContestantName, cells: number): void {
  const measured = result.cells.flatMap((cell) => measurementsOf(cell, name));
  expect(measured, said).toHaveLength(cells);
  for (const one of measured) {
    expect(one.operationsPerSecond).toBeGreaterThan(0);
    expect(one.errors).toEqual({});
    expect(one.latencyUs.p50).toBeGreaterThan(0);
    expect(one.latencyUs.p999).toBeGreaterThanOrEqual(one.latencyUs.p50);
    expect(one.cpuSecondsPerThousand.client).toBeGreaterThan(0);
  }
}

test(
  "Synod and a bare LMDB in turn, and nothing is left of them",
  async () => {
    const ran = await bench("synod,floor-lmdb,128B");
    expectMeasured(ran, "synod", 3);
    expectMeasured(ran, "floor-lmdb", 2);
    const memory = ran.result.cells.flatMap((cell) => measurementsOf(cell, "synod"));
    expect(memory.every(({ anonymousMiB }) => anonymousMiB > 10)).toBe(true);
    expect(ran.printed).toContain("Synod");
    expect(ran.printed).toContain("not measured");
    expect(readdirSync(join(folder, "data"))).toEqual([]);
  },
  timeoutMs,
);

describe.skipIf(go === undefined)("with Go", () => {
  let built: Ended;

  // In a process beside this one: the first time it downloads and compiles for minutes.
  beforeAll(async () => {
    const options = { cwd: goModule, timeoutMs: buildTimeoutMs };
    built = await runTool(go ?? "go", ["build", "-o", "/dev/null", "."], options);
  }, buildTimeoutMs);

  test(
    "Synod's raw subjects and a bare NATS service in turn",
    async ({ skip }) => {
      const isOffline = /proxy\.golang\.org|no such host|connection refused/.test(built.output);
      if (isOffline && process.env["SYNOD_REQUIRE_LANGUAGES"] === undefined) skip();
      expect(built.status, built.output).toBe(0);
      const ran = await bench("synod-raw,floor-nats,256");
      expectMeasured(ran, "synod-raw", 2);
      expectMeasured(ran, "floor-nats", 2);
    },
    timeoutMs,
  );
});

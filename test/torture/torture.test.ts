/** A torture run that is short: it holds what long ones hold, tells what it did, and leaves nothing behind. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { extname, join } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, beforeAll, expect, test } from "vitest";
import { compiledPath } from "../support/compiled.ts";
import { waitUntil } from "../support/wait-until.ts";
import { hasCompiler } from "./disk/disk-library.ts";
import type { Report } from "./report.ts";

let directory: string;

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "synod-short-torture-"));
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

interface Torture {
  readonly child: ChildProcess;
  readonly lines: readonly string[];
}

function torture(...words: readonly string[]): Torture {
  const command = [compiledPath("test/torture/main.ts"), ...words, "--out", join(directory, "out")];
  const child = spawn(process.execPath, command, {
    env: { ...process.env, TMPDIR: directory },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const lines: string[] = [];
  createInterface({ input: child.stdout }).on("line", (line) => lines.push(line));
  return { child, lines };
}

async function ended({ child }: Torture): Promise<number | null> {
  if (child.exitCode === null) await once(child, "exit");
  return child.exitCode;
}

/** Whatever a run starts has its environment. */
function processesOfRun(): readonly string[] {
  return readdirSync("/proc").filter((name) => {
    if (!/^\d+$/.test(name)) return false;
    try {
      return readFileSync(`/proc/${name}/environ`, "utf8").includes(`TMPDIR=${directory}\0`);
    } catch {
      // It has ended, or is somebody else's.
      return false;
    }
  });
}

function directoriesOfRun(): readonly string[] {
  return readdirSync(directory).filter((name) => name.startsWith("synod-torture-"));
}

test.runIf(hasCompiler)(
  "a few faults leave a cluster that has told nobody anything that is not true",
  async () => {
    const file = join(directory, "report.json");
    const few = ["--acknowledged", "500", "--strikes", "0", "--leader-changes", "1"];
    const run = torture("--minutes", "0.3", "--nodes", "3", "--seed", "1", ...few, "--json", file);
    const status = await ended(run);
    expect(status, run.lines.slice(-40).join("\n")).toBe(0);
    const report = JSON.parse(readFileSync(file, "utf8")) as Report;
    expect(report.result).toBe("passed");
    const [cluster] = report.clusters;
    expect(cluster?.checked?.keys).toBeGreaterThan(30);
    expect(cluster?.checked?.changes).toBeGreaterThan(100);
    expect(
      readdirSync(join(directory, "out"))
        .map((name) => extname(name))
        .sort(),
    ).toEqual([".json", ".txt"]);
    expect(directoriesOfRun()).toEqual([]);
  },
  180_000,
);

test.runIf(hasCompiler)(
  "a log that is never flushed is noticed when the power fails",
  async () => {
    const broken = ["--broken", "the log is never flushed"];
    const run = torture("--minutes", "1", "--nodes", "3", "--seed", "7", ...broken);
    const status = await ended(run);
    expect(status, run.lines.slice(-40).join("\n")).toBe(0);
  },
  180_000,
);

test.runIf(hasCompiler)(
  "Ctrl-C ends it at once with the summary so far, and neither a process nor a directory stays",
  async () => {
    const run = torture("--minutes", "5", "--nodes", "3", "--seed", "2");
    await waitUntil(
      "faults begin",
      () => run.lines.some((line) => line.includes("  strike 1: ")),
      60_000,
    );
    // The run itself, its nats-server, and three nodes.
    expect(processesOfRun().length).toBeGreaterThanOrEqual(5);
    expect(directoriesOfRun()).toHaveLength(1);
    run.child.kill("SIGINT");
    expect(await ended(run)).toBe(130);
    await waitUntil("everything is gone", () => processesOfRun().length === 0);
    expect(directoriesOfRun()).toEqual([]);
    expect(run.lines).toContain("result       interrupted");
    expect(run.lines.some((line) => line.startsWith("3 nodes, "))).toBe(true);
    const kept = run.lines.find((line) => line.startsWith("kept in ")) ?? "";
    const [, file = ""] = /^kept in (.*)\.txt and \.json$/.exec(kept) ?? [];
    expect((JSON.parse(readFileSync(`${file}.json`, "utf8")) as Report).result).toBe("interrupted");
  },
  120_000,
);

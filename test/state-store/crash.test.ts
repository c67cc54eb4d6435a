/** Real processes, killed in the middle of writing and merging, or with a disk that takes no more. */
import { spawn, type ChildProcess } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";
import { afterEach, beforeEach, expect, test } from "vitest";
import type * as Lmdb from "../../infra/state-store/lmdb-environment.ts";
import { compiledPath } from "../support/compiled.ts";
import { busyMerging, checkNumbered } from "./numbered-cuts.ts";
import { seeded } from "../../infra/randomness/seeded-randomness.ts";
import { lmdbStore } from "./stores.ts";

let directory: string;
let children: ChildProcess[];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "synod-state-crash-"));
  children = [];
});

afterEach(() => {
  for (const child of children) child.kill("SIGKILL");
  rmSync(directory, { recursive: true, force: true });
});

function start(limitFileBlocks = "unlimited"): ChildProcess {
  const script = compiledPath("test/state-store/crash-child.ts");
  const child = spawn(
    "sh",
    [
      "-c",
      `ulimit -f ${limitFileBlocks}; exec "$0" "$1" "$2"`,
      process.execPath,
      script,
      directory,
    ],
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  children.push(child);
  return child;
}

/** Lines the child says, until it ends or `enough` says so of one. */
async function listen(child: ChildProcess, enough: (line: string) => boolean): Promise<string[]> {
  const lines: string[] = [];
  if (child.stdout === null) return lines;
  const exited = new Promise((resolve) => {
    child.once("exit", resolve);
  });
  for await (const line of createInterface({ input: child.stdout })) {
    lines.push(line);
    if (enough(line)) child.kill("SIGKILL");
  }
  await exited;
  return lines;
}

async function reopened(check: (number: number) => void | Promise<void>): Promise<void> {
  const on = lmdbStore(directory);
  const store = await on.open(busyMerging);
  try {
    await check(checkNumbered(store.group("g")));
  } finally {
    await store.close();
  }
}

test("a killed process's store holds its last checkpoint whole, or the one it was switching to", async () => {
  const randomness = seeded(7);
  let last = 0;
  for (let round = 0; round < 6; round += 1) {
    const target = last + 2 + randomness.below(25);
    const lines = await listen(start(), (line) => Number(line) >= target);
    last = Number(lines.at(-1));
    expect(last).toBeGreaterThanOrEqual(target);
    await reopened((number) => {
      expect([last, last + 1]).toContain(number);
      last = number;
    });
  }
  expect(last).toBeGreaterThan(20);
});

test("what a killed process left half-written is removed by the next", async () => {
  await listen(start(), (line) => Number(line) >= 12);
  await reopened(() => {});
  const { LmdbEnvironment } = (await import(
    pathToFileURL(compiledPath("infra/state-store/lmdb-environment.ts")).href
  )) as typeof Lmdb;
  const on = lmdbStore(directory);
  const store = await on.open({ ...busyMerging, fanIn: 1000, garbageRatio: 1000 });
  const environment = new LmdbEnvironment(join(directory, "state.mdb"));
  try {
    const { runs } = store.group("g").statistics();
    await on.until("garbage is removed", () => {
      environment.refresh();
      return environment.contents().runs.length === runs;
    });
  } finally {
    await environment.close();
    await store.close();
  }
});

test("a disk that takes no more is reported, and costs nothing that was switched to", async () => {
  const lines = await listen(start("800"), () => false);
  expect(lines.slice(-2)).toEqual(["STORAGE_FAILED", "refused"]);
  const last = Number(lines.at(-3));
  expect(last).toBeGreaterThan(2);
  await reopened((number) => expect(number).toBe(last));
});

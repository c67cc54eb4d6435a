/** The simulator's command line: what it prints, writes and ends with. Seeds are short here. */
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import type { WriteStream } from "node:tty";
import { afterAll, expect, test } from "vitest";
import { SeedsProgress } from "../../sim/command/seeds-progress.ts";
import { compiledPath } from "../support/compiled.ts";

interface Ended {
  readonly status: number | null;
  readonly output: string;
  readonly errors: string;
}

const folder = mkdtempSync(join(tmpdir(), "synod-sim-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Sends Ctrl-C as soon as the output says so. */
function simulate(options: readonly string[], interruptAfter?: string): Promise<Ended> {
  const child = spawn(process.execPath, [compiledPath("sim/main.ts"), ...options]);
  let output = "";
  let errors = "";
  let isInterrupted = false;
  child.stdout.on("data", (text: Buffer) => {
    output += text.toString();
    if (isInterrupted || interruptAfter === undefined || !output.includes(interruptAfter)) return;
    isInterrupted = child.kill("SIGINT");
  });
  child.stderr.on("data", (text: Buffer) => {
    errors += text.toString();
  });
  return new Promise((resolve) => {
    child.on("close", (status) => resolve({ status, output, errors }));
  });
}

const few = ["--clients", "1", "--raw-clients", "0", "--bankers", "0", "--watchers", "0"];
const short = ["--faults-ms", "2000", "--keys", "10", ...few];

test("each seed has a line, all have a summary, and the file holds all of it", async () => {
  const file = join(folder, "seeds.json");
  const options = ["--seeds", "3", "--seed-start", "4", "--jobs", "2", "--twice", "--json", file];
  const { status, output } = await simulate([...short, ...options]);
  expect(output.match(/^seed \d+ {2}3 nodes {2}.* hash [0-9a-f]{8} /gm)).toHaveLength(3);
  expect([...output.matchAll(/^seed (\d+) /gm)].map(([, seed]) => seed)).toEqual(["4", "5", "6"]);
  expect(output).toMatch(/^3 seeds passed, 0 failed$/m);
  expect(output).toMatch(/seeds a minute, \d+ operations answered per CPU second/);
  expect(output.split("\n")[0]).toBe(
    "running 3 seeds from 4 on in 2 threads: --nodes 3 --faults-ms 2000 --clients 1 --raw-clients 0 --bankers 0 --watchers 0 --keys 10 --twice",
  );
  expect(status).toBe(0);
  const { seeds, summary } = JSON.parse(readFileSync(file, "utf8")) as {
    seeds: { seed: number; report: { traceHash: string }; strikes: object[] }[];
    summary: { held: boolean; passed: number; faults: object };
  };
  expect(summary).toMatchObject({ held: true, passed: 3, failed: 0, ended: "done" });
  expect(seeds.map(({ seed }) => seed)).toEqual([4, 5, 6]);
  for (const { report, strikes } of seeds) {
    expect(output).toContain(report.traceHash);
    expect(strikes.length).toBeGreaterThan(0);
  }
}, 120_000);

test("Ctrl-C ends it with the summary of what ran", async () => {
  const { status, output } = await simulate([...short, "--seeds", "1000"], "seed 1 ");
  expect(output).toMatch(/^interrupted$/m);
  expect(output).toMatch(/^\d+ seeds? passed, 0 failed$/m);
  expect(status).toBe(130);
}, 60_000);

test("--minutes ends by itself", async () => {
  const { status, output } = await simulate([...short, "--minutes", "0.001"]);
  expect(output).toMatch(/^1 seed passed, 0 failed$/m);
  expect(status).toBe(0);
}, 60_000);

test.each([
  ["--seed x", "Write a whole number from 0 up."],
  ["--seed 1 --seeds 2", "cannot be used with"],
  ["--minutes 0", "Write a number above 0."],
  ["--minutes 1 --seeds 2", "cannot be used with"],
  ["--faults loss,los", "no fault is called 'los'. There are: loss, "],
  ["--without 1-", "Write numbers like 3,7-9."],
  ["--keys 1001", "Write a whole number from 1 to 1000."],
  ["--nodes 2", "Allowed choices are 1, 3, 5, 7."],
  ["--phase1 2", "--phase1 and --phase2 go together"],
  ["--phase1 1 --phase2 2", "quorums of 1 and 2 of 3 nodes need not meet"],
  ["--phase1 4 --phase2 2", "there are only 3 nodes"],
  ["--sed 1", "Did you mean --seed?"],
  ["--json /nowhere/seeds.json", "/nowhere/seeds.json cannot be written"],
  ["--out found", "--out goes with --seed or --shrink"],
  ["--trace-from 1 --seeds 2", "--trace-from goes with --seed or --shrink"],
  ["7", "too many arguments"],
])("%s is refused, and told why", async (options, text) => {
  const { status, output, errors } = await simulate(options.split(" "));
  expect(errors).toContain(text);
  expect(output).toBe("");
  expect(status).toBe(2);
});

test("a run that is too short says so, and what to do", async () => {
  const { status, output } = await simulate(["--seed", "1", "--faults-ms", "1", "--trace", "none"]);
  expect(output).toMatch(
    /^seed 1 {2}3 nodes {2}VACUOUS {2}vacuity: the run was too short to prove/m,
  );
  expect(output).toContain("give it more than 1 ms under faults (--faults-ms, usually 20000)");
  expect(status).toBe(1);
}, 60_000);

test("on a terminal it is told how many have ended", () => {
  const stream = Object.assign(new PassThrough(), { isTTY: true, columns: 80 });
  const progress = new SeedsProgress(2, stream as unknown as WriteStream);
  let printed = 0;
  progress.seedEnded(() => (printed += 1));
  progress.end();
  const text = String(stream.read());
  expect(text).toContain("0 of 2 ended, 0 seconds so far");
  expect(text).toContain("1 of 2 ended");
  expect(printed).toBe(1);
});

import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { ChildSupervisor, type ChildPlan } from "../../infra/processes/child-supervisor.ts";
import { defaultBackoff, RestartBackoff } from "../../infra/processes/restart-backoff.ts";
import type { ChildState } from "../../infra/processes/supervised-child.ts";
import { systemClock } from "../../infra/clock/system-clock.ts";
import { isGone, waitUntil } from "../support/wait-until.ts";

const quickBackoff = { firstMs: 5, longestMs: 40, resetAfterMs: 60_000 };
const supervisors: ChildSupervisor[] = [];
const folder = mkdtempSync(join(tmpdir(), "synod-supervisor-"));

afterEach(async () => {
  await Promise.all(supervisors.splice(0).map((supervisor) => supervisor.killAll()));
  rmSync(folder, { recursive: true, force: true });
});

function supervise(backoff = quickBackoff): ChildSupervisor {
  const supervisor = new ChildSupervisor(systemClock, backoff);
  supervisors.push(supervisor);
  return supervisor;
}

function nodeScript(name: string, script: string, more: Partial<ChildPlan> = {}): ChildPlan {
  return {
    name,
    stage: 0,
    command: process.execPath,
    args: ["-e", script],
    stopTimeoutMs: 5_000,
    ...more,
  };
}

const runsForever = "setInterval(() => {}, 1000)";

test("a child that dies is started again, with a new process", async () => {
  const supervisor = supervise();
  const states: ChildState[] = [];
  supervisor.start(nodeScript("n1", runsForever, { onState: (state) => states.push(state) }));
  const first = supervisor.pidOf("n1") ?? 0;
  process.kill(first, "SIGKILL");
  await waitUntil("n1 runs again", () => (supervisor.pidOf("n1") ?? first) !== first);
  expect(states.map(({ kind }) => kind)).toEqual(["running", "waiting", "running"]);
  expect(states[1]).toEqual({ kind: "waiting", reason: "killed by SIGKILL", restartInMs: 5 });
});

test("a child that keeps dying is started ever more rarely, up to the longest wait", async () => {
  const supervisor = supervise();
  const waits: number[] = [];
  const onState = (state: ChildState) => {
    if (state.kind === "waiting") waits.push(state.restartInMs);
  };
  supervisor.start({ ...nodeScript("n1", ""), command: "/no/such/program", onState });
  await waitUntil("six restarts", () => waits.length >= 6);
  expect(waits.slice(0, 6)).toEqual([5, 10, 20, 40, 40, 40]);
});

test("a run that lasted makes the next wait short again", () => {
  const backoff = new RestartBackoff(defaultBackoff);
  const short = defaultBackoff.resetAfterMs - 1;
  expect([short, short, short].map((ranMs) => backoff.delayAfterRunOf(ranMs))).toEqual([
    100, 200, 400,
  ]);
  expect(backoff.delayAfterRunOf(defaultBackoff.resetAfterMs)).toBe(100);
  expect(backoff.delayAfterRunOf(short)).toBe(200);
});

test("a stopped child is not started again until it is asked for, and then it is", async () => {
  const supervisor = supervise();
  supervisor.start(nodeScript("n1", runsForever));
  const pid = supervisor.pidOf("n1") ?? 0;
  await supervisor.stop("n1");
  expect(isGone(pid)).toBe(true);
  expect(supervisor.stateOf("n1")).toEqual({ kind: "stopped", reason: "killed by SIGTERM" });
  supervisor.start(nodeScript("n1", runsForever));
  expect(supervisor.stateOf("n1")?.kind).toBe("running");
});

test("a child that waits to be started again is stopped at once", async () => {
  const supervisor = supervise({ firstMs: 60_000, longestMs: 60_000, resetAfterMs: 60_000 });
  supervisor.start(nodeScript("n1", ""));
  await waitUntil("n1 ended", () => supervisor.stateOf("n1")?.kind === "waiting");
  await supervisor.stop("n1");
  expect(supervisor.stateOf("n1")?.kind).toBe("stopped");
});

test("everything is stopped by stages, the highest first, side by side within a stage", async () => {
  const supervisor = supervise();
  const log = join(folder, "order");
  mkdirSync(folder, { recursive: true });
  writeFileSync(log, "");
  const up: string[] = [];
  const logging = (name: string, stage: number) =>
    nodeScript(
      name,
      `const { appendFileSync } = require("node:fs");
       const say = (what) => appendFileSync(${JSON.stringify(log)}, what + "\\n");
       process.on("SIGTERM", () => { say("asked ${name}"); setTimeout(() => { say("gone ${name}"); process.exit(0) }, 50) });
       setInterval(() => {}, 1000);
       console.log("up")`,
      { stage, onLine: () => up.push(name) },
    );
  supervisor.start(logging("broker", 0));
  supervisor.start(logging("n1", 1));
  supervisor.start(logging("n2", 1));
  await waitUntil("all are up", () => up.length === 3);
  await supervisor.stopAll();
  const order = readFileSync(log, "utf8").trim().split("\n");
  expect(order.slice(0, 4).toSorted()).toEqual(["asked n1", "asked n2", "gone n1", "gone n2"]);
  expect(order.slice(4)).toEqual(["asked broker", "gone broker"]);
});

test("a second wish to stop kills what is still stopping, and nothing comes back", async () => {
  const supervisor = supervise();
  const up: string[] = [];
  const stubborn =
    'process.on("SIGTERM", () => {}); setInterval(() => {}, 1000); console.log("up")';
  const onLine = (line: string) => up.push(line);
  supervisor.start(nodeScript("broker", stubborn, { stage: 0, onLine, stopTimeoutMs: 60_000 }));
  supervisor.start(nodeScript("n1", stubborn, { stage: 1, onLine, stopTimeoutMs: 60_000 }));
  await waitUntil("both are up", () => up.length === 2);
  const stopped = supervisor.stopAll();
  await supervisor.killAll();
  await stopped;
  for (const name of ["broker", "n1"])
    expect(supervisor.stateOf(name)).toEqual({ kind: "stopped", reason: "killed by SIGKILL" });
});

test("a child is not started twice, nor while everything is stopping", async () => {
  const supervisor = supervise();
  supervisor.start(nodeScript("n1", runsForever));
  expect(() => supervisor.start(nodeScript("n1", runsForever))).toThrow("one child of a name");
  await supervisor.stopAll();
  expect(() => supervisor.start(nodeScript("n2", runsForever))).toThrow("while all is stopping");
});

test("the environment a plan names is the whole environment", async () => {
  const supervisor = supervise();
  const lines: string[] = [];
  supervisor.start(
    nodeScript("n1", `console.log(JSON.stringify(process.env)); ${runsForever}`, {
      environment: { ONLY: "this", GONE: undefined },
      onLine: (line) => lines.push(line),
    }),
  );
  await waitUntil("the child prints its environment", () => lines.length > 0);
  expect(JSON.parse(lines[0] ?? "")).toMatchObject({ ONLY: "this" });
  expect(JSON.parse(lines[0] ?? "")).not.toHaveProperty("HOME");
  expect(JSON.parse(lines[0] ?? "")).not.toHaveProperty("GONE");
});

/** Whose latency an open loop measures: that of a user who does not wait for others' answers. */
import { expect, test } from "vitest";
import type { OpenLoop as OpenLoopType } from "../../bench/drivers/open-loop.ts";
import type { Recorder as RecorderType } from "../../bench/drivers/recorder.ts";
import type { DriverResult, DriverTask } from "../../bench/comparison/task.ts";
import { compiledPath } from "../support/compiled.ts";

const task: DriverTask = {
  system: "synod",
  endpoints: [],
  connections: 1,
  workload: "put",
  callers: 5,
  valueBytes: 1,
  firstKey: 0,
  keys: 1,
  spreadKeys: false,
  warmUpSeconds: 0.2,
  seconds: 1,
  ratePerSecond: 1_000,
  subscribers: 0,
  timeoutMs: 1_000,
};

/** The pacer is a thread of its own, and so has to be compiled. */
async function run(answer: (startMs: number) => Promise<void>): Promise<DriverResult> {
  const { OpenLoop } = (await import(compiledPath("bench/drivers/open-loop.ts"))) as {
    OpenLoop: typeof OpenLoopType;
  };
  const { Recorder } = (await import(compiledPath("bench/drivers/recorder.ts"))) as {
    Recorder: typeof RecorderType;
  };
  const recorder = new Recorder();
  const loop = new OpenLoop(task, async (_, startMs) => {
    await answer(startMs);
    recorder.done(startMs);
  });
  return loop.run(recorder);
}

test("operations begin at the rate that was asked for, and when they were meant to", async () => {
  const { operations, unfinished, latencyUs } = await run(() => Promise.resolve());
  expect(operations).toBeGreaterThan(800);
  expect(operations).toBeLessThan(1_200);
  expect(unfinished).toBe(0);
  // Of a system that answers at once; a busy machine may take a while to wake the thread.
  expect(latencyUs.p50).toBeLessThan(15_000);
});

test("while a system stands still, everybody who would have come meanwhile waits", async () => {
  const beganMs = performance.now();
  const stall = { fromMs: beganMs + 500, toMs: beganMs + 900 };
  const { latencyUs } = await run(async () => {
    const waitMs = stall.toMs - performance.now();
    if (performance.now() >= stall.fromMs && waitMs > 0) {
      await new Promise((resolve) => setTimeout(resolve, waitMs));
    }
  });
  // Five callers stall; the other operations of that time wait for one of them, and their waiting counts.
  expect(latencyUs.p99).toBeGreaterThan(300_000);
});

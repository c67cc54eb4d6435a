/** Runs a task against a store: in a closed loop, or in an open one. */
import { keyOf, type DriverResult, type DriverTask } from "../comparison/task.ts";
import { OpenLoop } from "./open-loop.ts";
import { Unsupported, type Operation } from "./operation.ts";
import { pause, Recorder } from "./recorder.ts";
import type { Store } from "./store.ts";
import { hotKey, operationOf, valueOf } from "./workload.ts";

/** For how long a system may be silent at first: it may just have been started, or have stood still. */
const answeringMsMax = 60_000;
/** Nobody repeats at once what has just failed. */
const afterErrorMs = 10;

export async function run(task: DriverTask, store: Store): Promise<DriverResult> {
  // Reads may be answered before there is a leader that takes writes.
  await untilAnswered(() => store.put(hotKey, valueOf(task)));
  if (task.workload === "load") return load(task, store);
  const recorder = new Recorder();
  const operation = await operationOf(task, store, recorder);
  await untilAnswered(async () => {
    const startMs = performance.now();
    operation.end(await operation.begin(0, startMs), startMs);
  });
  if (task.ratePerSecond === 0) return closedLoop(task, operation, recorder);
  const perform = (caller: number, startMs: number): Promise<void> =>
    performOnce(operation, recorder, caller, startMs);
  return new OpenLoop(task, perform).run(recorder);
}

async function load(task: DriverTask, store: Store): Promise<DriverResult> {
  const keys = Array.from({ length: task.keys }, (_, number) => keyOf(task, number));
  const beganMs = performance.now();
  await store.load(keys, valueOf(task));
  const latencyUs = { p50: 0, p99: 0, p999: 0, max: 0 };
  const seconds = (performance.now() - beganMs) / 1000;
  const none = { errors: {}, conflicts: 0, unfinished: 0, cpuSeconds: 0, latencyUs };
  return { operations: task.keys, seconds, ...none };
}

async function untilAnswered(operation: () => Promise<unknown>): Promise<void> {
  const deadlineMs = performance.now() + answeringMsMax;
  for (;;) {
    try {
      await operation();
      return;
    } catch (failure) {
      if (failure instanceof Unsupported || performance.now() > deadlineMs) throw failure;
      await pause(50);
    }
  }
}

async function performOnce(
  operation: Operation,
  recorder: Recorder,
  caller: number,
  startMs: number,
): Promise<void> {
  try {
    operation.end(await operation.begin(caller, startMs), startMs);
  } catch (failure) {
    recorder.failed(failure);
    await pause(afterErrorMs);
  }
}

/** Each caller has one operation under way; its latency begins when it is issued. */
async function closedLoop(
  task: DriverTask,
  operation: Operation,
  recorder: Recorder,
): Promise<DriverResult> {
  const time = { isOver: false };
  const call = async (caller: number): Promise<void> => {
    while (!time.isOver) {
      try {
        const startMs = performance.now();
        operation.end(await operation.begin(caller, startMs), startMs);
      } catch (failure) {
        recorder.failed(failure);
        await pause(afterErrorMs);
      }
    }
  };
  const callers = Array.from({ length: task.callers }, (_, caller) => call(caller));
  const result = await recorder.measure(task);
  time.isOver = true;
  await Promise.all(callers);
  return result;
}

/** The workloads, in terms of what a store can do. bench/peers/workload.go has the same. */
import { keyOf, type DriverTask } from "../comparison/task.ts";
import { fanOut } from "./fan-out.ts";
import { Unsupported, type Operation } from "./operation.ts";
import type { Recorder } from "./recorder.ts";
import type { Store } from "./store.ts";

/** What all compare and set, and what is written to see whether a system takes writes. */
export const hotKey = "khot";
const rangeLimit = 100;
/** Of the operations of the mixed workload. */
const readShare = 0.9;

export async function operationOf(
  task: DriverTask,
  store: Store,
  recorder: Recorder,
): Promise<Operation> {
  const value = valueOf(task);
  const randomKey = (): string => keyOf(task, Math.floor(Math.random() * task.keys));
  // Everything between the caller and its store is measured with it: so there is as little as can be.
  const put: Operation = async (_, startMs) => {
    await store.put(randomKey(), value);
    recorder.done(startMs);
  };
  const get: Operation = async (_, startMs) => {
    if (store.get === undefined) throw new Unsupported(task);
    const length = (await store.get(randomKey()))?.value.length;
    if (length !== task.valueBytes) {
      throw new Error(`a value of ${String(length)} bytes instead of ${task.valueBytes}`);
    }
    recorder.done(startMs);
  };
  switch (task.workload) {
    case "put":
      return put;
    case "get":
      return get;
    case "mix":
      return (caller, startMs) => (Math.random() < readShare ? get : put)(caller, startMs);
    case "range":
      return async (_, startMs) => {
        await readRange(task, store);
        recorder.done(startMs);
      };
    case "cas":
      return compareAndSet(task, store, recorder, value);
    case "watch":
      return fanOut(task, store, recorder, value);
    default:
      throw new Unsupported(task);
  }
}

async function readRange(task: DriverTask, store: Store): Promise<void> {
  if (store.range === undefined) throw new Unsupported(task);
  const first = Math.floor(Math.random() * Math.max(1, task.keys - rangeLimit));
  const found = await store.range(keyOf(task, first), rangeLimit);
  const wanted = Math.min(rangeLimit, task.keys);
  if (found !== wanted) throw new Error(`${found} keys instead of ${wanted}`);
}

/**
 * One key, which every caller writes on the condition that nobody has written it since it last looked. An operation is
 * a write that came through; what was refused before it belongs to its latency.
 */
function compareAndSet(
  task: DriverTask,
  store: Store,
  recorder: Recorder,
  value: Uint8Array,
): Operation {
  const known = Array.from({ length: task.callers }, () => 0);
  return async (caller, startMs) => {
    if (store.update === undefined) throw new Unsupported(task);
    for (;;) {
      const { revision, done } = await store.update(hotKey, value, known[caller] ?? 0);
      known[caller] = revision;
      if (done) return recorder.done(startMs);
      recorder.conflict();
    }
  };
}

/** Bytes that nobody's compression makes smaller, the same in every run. */
export function valueOf({ valueBytes }: DriverTask): Uint8Array {
  let state = 1;
  return Uint8Array.from({ length: valueBytes }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state >>> 24;
  });
}

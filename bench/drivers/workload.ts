/** The workloads, in terms of what a store can do. bench/peers/workload.go has the same. */
import { keyOf, type DriverTask } from "../comparison/task.ts";
import { fanOut } from "./fan-out.ts";
import { Unsupported, type Operation } from "./operation.ts";
import { randomKeys } from "./random-keys.ts";
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
  const randomKey = randomKeys(task);
  const done: Operation["end"] = (_, startMs) => recorder.done(startMs);
  const put: Operation = { begin: () => store.put(randomKey(), value), end: done };
  const get = (): Operation => {
    if (store.get === undefined) throw new Unsupported(task);
    const read = store.get.bind(store);
    return {
      begin: () => read(randomKey()),
      end: (entry, startMs) => {
        requireLength(entry as Found, task.valueBytes);
        recorder.done(startMs);
      },
    };
  };
  switch (task.workload) {
    case "put":
      return put;
    case "get":
      return get();
    case "mix":
      return mixOf(get(), put);
    case "range":
      return { begin: () => readRange(task, store), end: done };
    case "cas":
      return { begin: compareAndSet(task, store, recorder, value), end: done };
    case "watch":
      return fanOut(task, store, recorder, value);
    default:
      throw new Unsupported(task);
  }
}

type Found = { readonly value: Uint8Array } | null;

function requireLength(found: Found, valueBytes: number): void {
  const length = found?.value.length;
  if (length === valueBytes) return;
  throw new Error(`a value of ${String(length)} bytes instead of ${valueBytes}`);
}

function mixOf(get: Operation, put: Operation): Operation {
  return {
    begin: (caller, startMs) => (Math.random() < readShare ? get : put).begin(caller, startMs),
    // A put resolves to the number of a revision.
    end: (result, startMs) => (typeof result === "number" ? put : get).end(result, startMs),
  };
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
): Operation["begin"] {
  const known = Array.from({ length: task.callers }, () => 0);
  return async (caller) => {
    if (store.update === undefined) throw new Unsupported(task);
    for (;;) {
      const { revision, done } = await store.update(hotKey, value, known[caller] ?? 0);
      known[caller] = revision;
      if (done) return;
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

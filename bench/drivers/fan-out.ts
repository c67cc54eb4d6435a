/**
 * A write and its delivery to every subscriber. Each caller writes a key of its own and goes on when the write is
 * acknowledged and every subscriber has been told: so that no backlog grows, and the rate is one that can be kept up.
 */
import { systemClock } from "../../infra/clock/system-clock.ts";
import type { DriverTask } from "../comparison/task.ts";
import { Unsupported, type Operation } from "./operation.ts";
import type { Recorder } from "./recorder.ts";
import type { Store } from "./store.ts";

const watchedPrefix = "kw.";
const headerBytes = 16;

/** A caller's newest write. */
interface Announced {
  number: number;
  startMs: number;
  /** Subscribers that have yet to hear of it. */
  missing: number;
  heard: () => void;
}

export async function fanOut(
  task: DriverTask,
  store: Store,
  recorder: Recorder,
  template: Uint8Array,
): Promise<Operation> {
  if (store.watch === undefined) throw new Unsupported(task);
  if (template.length < headerBytes) throw new Error(`a watched value has ${headerBytes} bytes`);
  const writes = Array.from({ length: task.callers }, (): Announced => ({
    number: 0,
    startMs: 0,
    missing: 0,
    heard: () => undefined,
  }));
  const changed = (value: Uint8Array): void => {
    const header = new DataView(value.buffer, value.byteOffset, value.length);
    const write = writes[header.getUint32(4)];
    if (write === undefined || write.missing === 0 || header.getUint32(12) !== write.number) return;
    recorder.done(write.startMs);
    write.missing -= 1;
    if (write.missing === 0) write.heard();
  };
  const subscribe = store.watch.bind(store);
  await Promise.all(
    Array.from({ length: task.subscribers }, () => subscribe(watchedPrefix, changed)),
  );
  const begin: Operation["begin"] = async (caller, startMs) => {
    const write = writes[caller];
    if (write === undefined) throw new Error(`there is no caller ${caller}`);
    write.number += 1;
    write.startMs = startMs;
    write.missing = task.subscribers;
    const heard = new Promise<void>((resolve, reject) => {
      const late = new Error("a change was not delivered to all subscribers");
      const cancel = systemClock.after(task.timeoutMs, () => reject(late));
      write.heard = () => {
        cancel();
        resolve();
      };
    });
    const value = template.slice();
    const header = new DataView(value.buffer);
    header.setUint32(0, 0);
    header.setUint32(4, caller);
    header.setUint32(8, 0);
    header.setUint32(12, write.number);
    await Promise.all([store.put(`${watchedPrefix}${caller}`, value), heard]);
  };
  return { begin, end: () => undefined };
}

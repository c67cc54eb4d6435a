/** One thing that every system is measured at. */
import type { Workload } from "./task.ts";

export interface Cell {
  readonly workload: Workload;
  readonly valueBytes: number;
  readonly callers: number;
  /** Of an open loop; undefined: every caller issues its next operation when its last one is answered. */
  readonly ratePerSecond?: number;
}

/** Names it in results, as in `put 128 B, 256 callers`. */
export function cellName({ workload, valueBytes, callers, ratePerSecond }: Cell): string {
  const load =
    ratePerSecond === undefined
      ? `${callers} ${callers === 1 ? "caller" : "callers"}`
      : `${ratePerSecond}/s`;
  return `${workload} ${sizeName(valueBytes)}, ${load}`;
}

export function sizeName(bytes: number): string {
  return bytes % 1024 === 0 ? `${bytes / 1024} KiB` : `${bytes} B`;
}

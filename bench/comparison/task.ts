/**
 * What every driver is asked to do, and what it answers: one contract for the programs in bench/drivers and for those
 * in bench/peers. The task is the first argument, as JSON; the answer is one line of JSON on stdout. On stderr a
 * driver says `measuring` and `measured`, and whoever started it looks at the system's processes at these moments.
 */

export const workloads = ["put", "get", "mix", "cas", "range", "watch"] as const;

export type Workload = (typeof workloads)[number];

export interface DriverTask {
  readonly system: "synod" | "lmdb" | "etcd" | "jetstream" | "synod-raw" | "nats";
  /** Addresses; of `lmdb`, a directory. */
  readonly endpoints: readonly string[];
  /** Which callers share; subscribers of the watch have one each besides. */
  readonly connections: number;
  /** `load` writes every key once; `answer` is the service that the floor's requests go to. */
  readonly workload: Workload | "load" | "answer";
  /** Each with one operation under way. In an open loop: the most that are under way. */
  readonly callers: number;
  readonly valueBytes: number;
  /** Keys are a letter and eight digits, from this number on. */
  readonly firstKey: number;
  readonly keys: number;
  /** Over the alphabet, and so over Synod's regions; otherwise all begin with the same letter and share one log. */
  readonly spreadKeys: boolean;
  /** Begins when the system has answered once. */
  readonly warmUpSeconds: number;
  readonly seconds: number;
  /**
   * Above 0: an open loop. Operations begin at fixed moments, whole milliseconds, whether earlier ones are answered or
   * not, and their latency begins then as well.
   */
  readonly ratePerSecond: number;
  readonly subscribers: number;
  readonly timeoutMs: number;
}

/** Of all that ended within the measurement; with `watch`, of deliveries. */
export interface DriverResult {
  readonly operations: number;
  readonly seconds: number;
  /** By code. */
  readonly errors: Readonly<Record<string, number>>;
  /** Compare-and-set: refusals because somebody else was first, before the one that came through. */
  readonly conflicts: number;
  /** Open loop: what had no answer five seconds after the end. */
  readonly unfinished: number;
  /** Of the driver itself, within the measurement. */
  readonly cpuSeconds: number;
  readonly latencyUs: LatencyUs;
}

export interface LatencyUs {
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
}

/** The key of that number, counted from 0. */
export function keyOf(task: Pick<DriverTask, "firstKey" | "spreadKeys">, number: number): string {
  const letter = task.spreadKeys ? String.fromCharCode(97 + (number % 26)) : "k";
  return letter + String(task.firstKey + number).padStart(8, "0");
}

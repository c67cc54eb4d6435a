/** What a put costs all nodes together while they hold a number of keys, and how much memory they need meanwhile. */
import type { BenchCluster } from "../throughput/cluster.ts";
import { machineCpuMs, usageOf, usageOfAll } from "../throughput/process-usage.ts";
import { workBetween } from "../throughput/replica-work.ts";
import { groupOf, pause } from "./nodes.ts";
import type { CapacityOptions } from "./options.ts";
import { RunningWriter } from "./writers.ts";

export interface PutCost {
  readonly keys: number;
  readonly puts: number;
  readonly errors: number;
  readonly putsPerSecond: number;
  /** Of all nodes together, all their threads. */
  readonly nodesCpuUs: number;
  readonly brokerCpuUs: number;
  readonly clientCpuUs: number;
  /** Of the replica that made the fewest, within the measurement. */
  readonly checkpoints: number;
  readonly trims: number;
  /** Of one replica, at the end. */
  readonly stateMiB: number;
  /** Anonymous memory of the largest node, at its highest. */
  readonly anonymousMiB: number;
  readonly coresUsedByOthers: number;
}

const mebibyte = 2 ** 20;
/** Behind this, code is compiled, and the first table has become a checkpoint. */
const warmUpPuts = 200_000;
const lookEveryMs = 100;

export async function measurePuts(
  cluster: BenchCluster,
  options: CapacityOptions,
  keys: number,
  seconds: number,
): Promise<PutCost> {
  const { callers, quick } = options;
  const writer = new RunningWriter(cluster, options, { kind: "put", keys, callers });
  try {
    const warmUp = quick ? 1 : warmUpPuts;
    while (writer.written.puts < warmUp) await Promise.race([pause(lookEveryMs), writer.ended]);
    const before = await cluster.status();
    const began = now(cluster, writer);
    let anonymousBytes = 0;
    while (performance.now() - began.ms < seconds * 1000) {
      await Promise.race([pause(lookEveryMs), writer.ended]);
      const each = cluster.nodePids.map((pid) => usageOf(pid).anonymousBytes);
      anonymousBytes = Math.max(anonymousBytes, ...each);
    }
    const ended = now(cluster, writer);
    const after = await cluster.status();
    const puts = ended.puts - began.puts;
    const own = ended.nodes - began.nodes + ended.broker - began.broker;
    const all = own + ended.client - began.client;
    return {
      keys,
      puts,
      errors: ended.errors - began.errors,
      putsPerSecond: (1000 * puts) / (ended.ms - began.ms),
      nodesCpuUs: (1000 * (ended.nodes - began.nodes)) / puts,
      brokerCpuUs: (1000 * (ended.broker - began.broker)) / puts,
      clientCpuUs: (1000 * (ended.client - began.client)) / puts,
      ...workBetween(before, after),
      stateMiB: groupOf(after).stateBytes / mebibyte,
      anonymousMiB: anonymousBytes / mebibyte,
      coresUsedByOthers: (ended.machine - began.machine - all) / (ended.ms - began.ms),
    };
  } finally {
    await writer.stop();
  }
}

/** CPU times in milliseconds. */
function now(cluster: BenchCluster, writer: RunningWriter) {
  return {
    ms: performance.now(),
    ...writer.written,
    nodes: usageOfAll(cluster.nodePids).cpuMs,
    broker: usageOf(cluster.brokerPid).cpuMs,
    client: usageOf(writer.pid).cpuMs,
    machine: machineCpuMs(),
  };
}

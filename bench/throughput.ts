/**
 * Puts per second, latency and CPU time of the whole system: three node processes and a nats-server made for the
 * occasion, with data directories on a disk, and a client in a process of its own. `npm run bench:throughput`.
 */
import { writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import type { NodeStatus } from "../infra/status/node-status.ts";
import { systemClock } from "../infra/clock/system-clock.ts";
import { GuardedChild } from "../infra/processes/guarded-child.ts";
import { BenchCluster, profiling } from "./throughput/cluster.ts";
import type { LoadMoment, LoadTask } from "./throughput/load.ts";
import { describeMachine, requireDisk } from "./throughput/machine.ts";
import { parseOptions, type BenchOptions } from "./throughput/options.ts";
import {
  machineCpuMs,
  usageOf,
  usageOfAll,
  type ProcessUsage,
} from "./throughput/process-usage.ts";
import { startsOf, workBetween } from "./throughput/replica-work.ts";
import {
  checkpointsMin,
  renderReport,
  trimsMin,
  type PhaseResult,
  type RunResult,
} from "./throughput/report.ts";

type Measured = LoadMoment & { readonly moment: "measured" };

interface Usages {
  readonly nodes: ProcessUsage;
  readonly nodesEach: readonly ProcessUsage[];
  readonly broker: ProcessUsage;
  readonly client: ProcessUsage;
  readonly machineCpuMs: number;
}

const mebibyte = 2 ** 20;
/** Of a put: a benchmark of a crowded machine measures long waits, not failures. */
const timeoutMs = 10_000;

async function run(options: BenchOptions): Promise<RunResult> {
  const cluster = await BenchCluster.start(options);
  try {
    requireDisk(cluster.directory);
    const before = await cluster.status();
    const phases = await measure(cluster, options);
    const after = await cluster.status();
    const work = workBetween(before, after);
    const hasErrors = phases.some(({ errors }) => Object.keys(errors).length > 0);
    const isUndisturbed = !hasErrors && startsOf(before) === startsOf(after);
    return {
      machine: describeMachine(resolve(cluster.directory)),
      natsServer: cluster.brokerVersion,
      options,
      phases,
      ...work,
      valid: work.checkpoints >= checkpointsMin && work.trims >= trimsMin && isUndisturbed,
    };
  } finally {
    await cluster.stop();
  }
}

/** Runs the load, and looks at all processes whenever it says that a measurement begins or ends. */
function measure(cluster: BenchCluster, options: BenchOptions): Promise<PhaseResult[]> {
  const { callers, seconds, warmUpPuts, valueBytes, keys } = options;
  const oneRegion = options.oneRegion === true;
  const raw = options.raw === true;
  const load = { callers, seconds, warmUpPuts, valueBytes, keys, oneRegion, raw };
  const { address: server, password } = cluster;
  const task: LoadTask = { ...load, server, password, timeoutMs };
  const program = fileURLToPath(new URL("throughput/load.js", import.meta.url));
  return new Promise((resolvePhases, reject) => {
    const phases: Promise<PhaseResult>[] = [];
    let begun: { readonly usages: Usages; readonly status: Promise<readonly NodeStatus[]> };
    const client = new GuardedChild(
      {
        command: process.execPath,
        args: [...profiling(options.profile, "client"), program, JSON.stringify(task)],
        stopTimeoutMs: 5_000,
        onLine: (line, stream) => {
          if (stream === "stderr") {
            process.stderr.write(`${line}\n`);
            return;
          }
          const moment = JSON.parse(line) as LoadMoment;
          const usages = usagesNow(cluster, client.pid ?? 0);
          const status = cluster.status();
          if (moment.moment === "measuring") {
            begun = { usages, status };
            process.stderr.write(`measuring ${moment.callers} callers\n`);
          } else phases.push(phaseFrom(moment, begun, { usages, status }));
        },
      },
      systemClock,
      (reason) => {
        if (reason === "exit code 0") Promise.all(phases).then(resolvePhases, reject);
        else reject(new Error(`the client ended: ${reason}`));
      },
    );
  });
}

function usagesNow(cluster: BenchCluster, clientPid: number): Usages {
  return {
    nodes: usageOfAll(cluster.nodePids),
    nodesEach: cluster.nodePids.map(usageOf),
    broker: usageOf(cluster.brokerPid),
    client: usageOf(clientPid),
    machineCpuMs: machineCpuMs(),
  };
}

interface Looked {
  readonly usages: Usages;
  readonly status: Promise<readonly NodeStatus[]>;
}

async function phaseFrom(measured: Measured, begun: Looked, ended: Looked): Promise<PhaseResult> {
  const { callers, puts, seconds, errors, latencyMs } = measured;
  const cpuMs = (of: "nodes" | "broker" | "client"): number =>
    ended.usages[of].cpuMs - begun.usages[of].cpuMs;
  const nodes = cpuMs("nodes");
  const broker = cpuMs("broker");
  const client = cpuMs("client");
  const machineMs = ended.usages.machineCpuMs - begun.usages.machineCpuMs;
  const status = await ended.status;
  const earlier = await begun.status;
  return {
    callers,
    putsPerSecond: puts / seconds,
    latencyMs,
    errors,
    cpuSecondsPerThousand: { nodes: nodes / puts, broker: broker / puts, client: client / puts },
    putsPerEntry: puts / (entriesOf(status) - entriesOf(earlier)),
    coresUsedByOthers: Math.max(0, machineMs - nodes - broker - client) / 1000 / seconds,
    ...workBetween(earlier, status),
    anonymousMiB: {
      nodes: ended.usages.nodesEach.map(({ anonymousBytes }) => anonymousBytes / mebibyte),
      broker: ended.usages.broker.anonymousBytes / mebibyte,
      client: ended.usages.client.anonymousBytes / mebibyte,
    },
    flushMs: status.map(({ flush }) => ({ p50: flush.p50Ms, p99: flush.p99Ms })),
  };
}

/** Entries of all groups together. */
function entriesOf(status: readonly NodeStatus[]): number {
  const chosen = new Map<string, number>();
  for (const { group, chosenThrough } of status.flatMap(({ replicas }) => replicas)) {
    chosen.set(group, Math.max(chosen.get(group) ?? 0, chosenThrough));
  }
  return [...chosen.values()].reduce((sum, through) => sum + through, 0);
}

const options = parseOptions(process.argv.slice(2));
const result = await run(options);
console.log(renderReport(result));
if (options.json !== undefined) {
  writeFileSync(options.json, `${JSON.stringify(result, undefined, 2)}\n`);
}

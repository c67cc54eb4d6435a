/** A run's results: what is kept of them, and the text about them. */
import { majorityOf } from "../../infra/topology/topology.ts";
import type { Latency } from "./load.ts";
import type { Machine } from "./machine.ts";
import type { BenchOptions } from "./options.ts";

/** CPU seconds per 1,000 operations. */
export interface CpuPerThousand {
  readonly nodes: number;
  readonly broker: number;
  readonly client: number;
}

export interface PhaseResult {
  readonly callers: number;
  readonly putsPerSecond: number;
  readonly latencyMs: Latency;
  readonly errors: Readonly<Record<string, number>>;
  readonly cpuSecondsPerThousand: CpuPerThousand;
  /** How many operations share a log entry, and so an fsync on each node. */
  readonly putsPerEntry: number;
  /** What ran beside the measurement, this program included. */
  readonly coresUsedByOthers: number;
  /** Of the group and node that made the fewest, among groups that were written to. */
  readonly checkpoints: number;
  readonly trims: number;
  /** Memory that no file backs, at the end. */
  readonly anonymousMiB: {
    readonly nodes: readonly number[];
    readonly broker: number;
    readonly client: number;
  };
  /** From submitting an append to its being on disk, per node. */
  readonly flushMs: readonly { readonly p50: number; readonly p99: number }[];
}

export interface RunResult {
  readonly machine: Machine;
  readonly natsServer: string;
  readonly options: BenchOptions;
  readonly phases: readonly PhaseResult[];
  readonly checkpoints: number;
  readonly trims: number;
  readonly valid: boolean;
}

export const checkpointsMin = 3;
export const trimsMin = 1;

function keysText({ oneRegion, groups }: BenchOptions): string {
  if (oneRegion === true) return "one region, and so one store group";
  return groups === undefined ? "three regions in two store groups" : `${groups} store groups`;
}

export function renderReport({ machine, natsServer, options, phases, ...run }: RunResult): string {
  const { processor, cores, memoryGiB, kernel, fileSystem, node } = machine;
  const lines = [
    `${cores} x ${processor}, ${memoryGiB} GiB, Linux ${kernel}, ${fileSystem}, Node ${node}, nats-server ${natsServer}`,
    `${options.members} node processes, their nats-server and the client on this machine; a put of ${options.valueBytes} B to one of ${options.keys} keys is answered when ${majorityOf(options.members)} of them have it on disk`,
    `${options.raw === true ? "raw subjects, a message for each put; " : ""}keys of ${keysText(options)}; ${options.seconds} s each after ${options.warmUpPuts} puts; limits: ${options.limit.join(" ") || "default"}`,
    "",
    ...table([header, ...phases.map((phase) => row(phase))]),
    "",
    `checkpoints and trims within the whole run, by the replica that made the fewest: ${run.checkpoints}, ${run.trims}`,
  ];
  if (!run.valid) {
    lines.push(
      `INVALID: a run needs ${checkpointsMin} checkpoints, ${trimsMin} trim, no error and no restart; measure longer.`,
    );
  }
  return lines.join("\n");
}

const header = [
  "callers",
  "puts/s",
  "p50 ms",
  "p99",
  "p99.9",
  "errors",
  "CPU s/1000: nodes",
  "broker",
  "client",
  "puts/entry",
  "checkpoints",
  "trims",
  "MiB: nodes",
  "broker",
  "client",
  "flush p50 ms",
  "others' cores",
];

function row(phase: PhaseResult): string[] {
  const { latencyMs, cpuSecondsPerThousand: cpu, anonymousMiB: memory } = phase;
  return [
    String(phase.callers),
    Math.round(phase.putsPerSecond).toLocaleString("en"),
    latencyMs.p50.toFixed(2),
    latencyMs.p99.toFixed(2),
    latencyMs.p999.toFixed(2),
    errorText(phase.errors),
    cpu.nodes.toFixed(4),
    cpu.broker.toFixed(4),
    cpu.client.toFixed(4),
    phase.putsPerEntry.toFixed(1),
    String(phase.checkpoints),
    String(phase.trims),
    memory.nodes.map((size) => size.toFixed(0)).join("+"),
    memory.broker.toFixed(0),
    memory.client.toFixed(0),
    phase.flushMs.map(({ p50 }) => p50.toFixed(2)).join(" "),
    phase.coresUsedByOthers.toFixed(2),
  ];
}

function errorText(errors: Readonly<Record<string, number>>): string {
  const counted = Object.entries(errors).map(([code, count]) => `${count} ${code}`);
  return counted.length === 0 ? "0" : counted.join(" ");
}

function table(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((cells) => cells[column]?.length ?? 0)),
  );
  const lines = rows.map(
    (cells) => `| ${cells.map((cell, column) => cell.padStart(widths[column] ?? 0)).join(" | ")} |`,
  );
  lines.splice(1, 0, `| ${widths.map((width) => "-".repeat(width - 1) + ":").join(" | ")} |`);
  return lines;
}

/** What a run tells at its end, as text and as JSON. */
import { cpus, release, totalmem } from "node:os";
import type { BrokerBinary } from "../../infra/broker/broker-binary.ts";
import { synodVersion } from "../../cli/package-root.ts";
import { mistakes } from "./broken-product.ts";
import { total } from "./kind-counts.ts";
import { commandOf, type TortureOptions } from "./options.ts";
import type { ClusterReport } from "./run-cluster.ts";

export interface Report {
  readonly command: string;
  readonly startedAt: string;
  readonly seed: number;
  readonly synod: string;
  readonly node: string;
  readonly natsServer: string;
  readonly machine: string;
  readonly clusters: readonly ClusterReport[];
  readonly acknowledged: number;
  /** Why it failed; empty when it did not. */
  readonly failures: readonly string[];
  readonly result: "passed" | "FAILED" | "interrupted";
}

export function reportOf(
  options: TortureOptions,
  startedAt: string,
  broker: BrokerBinary,
  clusters: readonly ClusterReport[],
  isInterrupted = false,
): Report {
  const failures = isInterrupted
    ? violationsOf(clusters)
    : options.broken === undefined
      ? failuresOf(options, clusters)
      : notFound(options, clusters);
  return {
    command: commandOf(options),
    startedAt,
    seed: options.seed,
    synod: synodVersion,
    node: process.version,
    natsServer: broker.version,
    machine: `${cpus().length} x ${cpus()[0]?.model.trim()}, ${Math.round(totalmem() / 2 ** 30)} GiB, ${process.platform} ${release()}`,
    clusters,
    acknowledged: total(clusters.map(({ operations }) => operations)).acknowledged,
    failures,
    result: failures.length > 0 ? "FAILED" : isInterrupted ? "interrupted" : "passed",
  };
}

function violationsOf(clusters: readonly ClusterReport[]): string[] {
  return clusters.flatMap(({ nodes, violation }) =>
    violation === undefined ? [] : [`${nodes} nodes: ${violation.text}`],
  );
}

function failuresOf(
  options: TortureOptions,
  clusters: readonly ClusterReport[],
): readonly string[] {
  const failures = violationsOf(clusters);
  if (clusters.length < options.nodeCounts.length) failures.push("not every cluster was run");
  if (failures.length > 0) return failures;
  const sum = (count: (cluster: ClusterReport) => number): number =>
    clusters.reduce((all, cluster) => all + count(cluster), 0);
  const { acknowledged } = total(clusters.map(({ operations }) => operations));
  if (acknowledged < options.acknowledgedMin) {
    failures.push(`${acknowledged} operations acknowledged, not ${options.acknowledgedMin}`);
  }
  for (const [name, times] of Object.entries(struck(clusters))) {
    if (times < options.strikesMin) failures.push(`${name} struck ${times} times`);
  }
  const changes = sum(({ leaderChanges }) => leaderChanges);
  if (changes < options.leaderChangesMin) failures.push(`leaders changed ${changes} times`);
  if (options.strikesMin > 0 && sum(({ messagesFiltered }) => messagesFiltered) === 0) {
    failures.push("no message was filtered");
  }
  if (!options.withoutLibrary && options.strikesMin > 0) {
    const undone = sum(({ powerFailures }) => powerFailures.undoneWrites);
    if (undone === 0) failures.push("no power failure undid anything");
    if (sum(({ flushes }) => flushes.delayed) === 0) failures.push("no flush was slow");
    if (sum(({ flushes }) => flushes.failed) === 0) failures.push("no flush failed");
  }
  if (sum(({ checked }) => checked?.slots ?? 0) === 0) failures.push("no slot was checked");
  if (sum(({ checked }) => checked?.dated ?? 0) === 0)
    failures.push("no read said as of when it is");
  const keys = sum(({ checked }) => checked?.keys ?? 0);
  const undecided = sum(({ checked }) => checked?.keysUndecided ?? 0);
  if (undecided * 10 >= keys) failures.push(`${undecided} of ${keys} keys are undecided`);
  return failures;
}

function notFound({ broken }: TortureOptions, clusters: readonly ClusterReport[]): string[] {
  const found = clusters.flatMap(({ violation }) => violation?.check ?? []);
  const mistake = mistakes[broken ?? ""];
  if (found.some((check) => mistake?.foundBy.includes(check) === true)) return [];
  return [`the mistake "${broken}" was not found (${found.join(", ") || "nothing failed"})`];
}

function struck(clusters: readonly ClusterReport[]): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const { faults } of clusters) {
    for (const [name, times] of Object.entries(faults)) sums[name] = (sums[name] ?? 0) + times;
  }
  return sums;
}

export function textOf(report: Report): string {
  const lines = [
    `command      ${report.command}`,
    `started      ${report.startedAt}`,
    `versions     synod ${report.synod}, node ${report.node}, nats-server ${report.natsServer}`,
    `machine      ${report.machine}`,
    ...report.clusters.flatMap(clusterLines),
    "",
    `seed         ${report.seed}`,
    `acknowledged ${report.acknowledged}`,
    `result       ${report.result}`,
    ...report.failures.map((failure) => `  ${failure}`),
  ];
  return `${lines.join("\n")}\n`;
}

function clusterLines(cluster: ClusterReport): readonly string[] {
  const { nodes, seconds, operations, faults, checked, flushes, violation, powerFailures } =
    cluster;
  const sum = total([operations]);
  const columns = ["tried", "acknowledged", "failed", "unknown"] as const;
  const row = (name: string, counts: typeof sum): string =>
    `  ${name.padEnd(14)}${columns.map((column) => String(counts[column]).padStart(14)).join("")}`;
  return [
    "",
    `${nodes} nodes, ${seconds} s`,
    `  ${"operations".padEnd(14)}${columns.map((column) => column.padStart(14)).join("")}`,
    ...Object.entries(operations)
      .toSorted(([left], [right]) => (left < right ? -1 : 1))
      .map(([name, counts]) => row(name, counts)),
    row("all", sum),
    `  errors         ${countsText(cluster.errors)}`,
    `  faults         ${countsText(faults)}`,
    `  leader changes ${cluster.leaderChanges}`,
    `  happened       ${cluster.nodeStarts} starts of nodes, ${powerFailures.undoneWrites} writes undone by power failures and ${powerFailures.keptWrites} left unflushed, ${cluster.checkpoints} checkpoints, ${cluster.trims} trims, ${cluster.watchRestarts} watches restarted, ${cluster.messagesFiltered} messages filtered, ${flushes.all} flushes (${flushes.delayed} slow, ${flushes.failed} failed)`,
    checked === undefined
      ? "  checks         it did not come to that"
      : `  checks         ${checked.slots} slots replayed, ${checked.records} records on disk compared, ${checked.placed} answers at their place in the log, ${checked.found} writes found there by name, ${checked.foundByRevision} answers by revision, ${checked.expired} expiries, ${checked.counters} counters, ${checked.dated} reads with a date, ${checked.keys} keys searched for an order (${checked.keysUndecided} undecided, at most ${checked.operationsPerKeyMax} operations on one), ${checked.changes} watched changes, ${checked.checksums} replicas' checksums`,
    ...(violation === undefined ? [] : [`  VIOLATED       ${violation.text}`]),
  ];
}

function countsText(counts: Readonly<Record<string, number>>): string {
  return Object.entries(counts)
    .map(([name, times]) => `${times} ${name}`)
    .join(", ");
}

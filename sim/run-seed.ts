/** One seed, from an empty cluster to a verdict: faults under load, then calm, then every oracle. */
import type { ReplicaLimits } from "../actors/replica/limits.ts";
import { internalKeyOf } from "../infra/codec/key-text.ts";
import { replay, checkOutcomes, checkRealTime } from "./oracles/log-replay.ts";
import { faultClasses, Nemesis, type FaultClass, type FaultCounts } from "./nemesis.ts";
import { SimulatedCluster } from "./simulated-cluster.ts";
import { Violation } from "./violation.ts";
import { History, type Recorded } from "./workload/history.ts";
import { SimulatedClient } from "./workload/simulated-client.ts";

export interface SeedOptions {
  readonly seed: number;
  readonly nodes?: 1 | 3 | 5 | 7;
  /** Virtual time under faults. */
  readonly faultsMs?: number;
  readonly clients?: number;
  readonly concurrency?: number;
  /** Mean pause of a client between an answer and its next operation. */
  readonly thinkMs?: number;
  readonly faults?: readonly FaultClass[];
}

export interface SeedReport {
  readonly seed: number;
  readonly nodes: number;
  readonly virtualMs: number;
  readonly answered: number;
  readonly failed: number;
  readonly chosenSlots: number;
  readonly leaderChanges: number;
  readonly checkpoints: number;
  readonly faults: FaultCounts;
  readonly traceHash: string;
  readonly events: number;
}

/** Small enough that a run spans several checkpoints and trims. */
const smallLimits: Partial<ReplicaLimits> = {
  checkpointBytes: 16 * 1024,
  checkpointIntervalMs: 5_000,
  tableBytesMax: 1024 * 1024,
};

const bootMs = 30_000;
/** After the last fault everything has to work again within this time. */
const recoveryMs = 20_000;

/** Throws a `Violation` when any check fails. */
export function runSeed(options: SeedOptions): SeedReport {
  const { seed, faultsMs = 20_000, clients = 3, concurrency = 4, thinkMs = 20 } = options;
  const cluster = new SimulatedCluster({ seed, nodes: options.nodes ?? 3, limits: smallLimits });
  const { world, randomness, network, topology } = cluster;
  cluster.startAll();
  require("every group has a leader", world.runUntil(() => cluster.everyGroupLed, bootMs));

  const history = new History();
  const load = Array.from({ length: clients }, (_, index) => {
    const name = `client${index + 1}`;
    return new SimulatedClient({
      name,
      process: world.machine(name).start(),
      network,
      randomness: randomness.split(name),
      prefix: topology.prefix,
      history,
      keys: keyNames(),
      concurrency,
      thinkMs,
      timeoutMs: 3_000,
    });
  });
  for (const client of load) client.start();
  const nemesis = new Nemesis(cluster, randomness.split("nemesis"), options.faults ?? faultClasses);
  nemesis.start();
  world.runFor(faultsMs);
  nemesis.stop();

  // Liveness: with everything mended, clients are answered again.
  const answeredBefore = history.answered;
  require("clients are answered again after the last fault", world.runUntil(
    () => history.answered > answeredBefore + 50,
    recoveryMs,
  ));
  for (const client of load) client.stop();
  require("every call ends", world.runUntil(() => history.open === 0, recoveryMs));
  require("replicas catch up", world.runUntil(() => caughtUp(cluster), recoveryMs));

  checkHistory(cluster, history);
  requireSomethingHappened(cluster, history, nemesis);
  return {
    seed,
    nodes: topology.nodes.length,
    virtualMs: Math.round(world.nowMs),
    answered: history.answered,
    failed: history.failed,
    chosenSlots: cluster.chosen.chosenSlots,
    leaderChanges: cluster.reigns - topology.groups.length,
    checkpoints: checkpointsOf(cluster),
    faults: nemesis.counts,
    traceHash: cluster.trace.hex,
    events: world.eventsRun,
  };
}

/** A dozen keys on both sides of the region bounds, so that clients meet each other. */
function keyNames(): readonly string[] {
  return ["a", "b", "h", "i", "k", "m", "q", "r", "t", "z"].map((key) =>
    internalKeyOf("default", key),
  );
}

function require(what: string, holds: boolean): void {
  if (!holds) throw new Violation("liveness", `it never came about that ${what}`);
}

function replicasOf(cluster: SimulatedCluster, group: string) {
  return [...cluster.nodes.values()].flatMap(({ name, host }) => {
    const replica = host?.replica(group);
    return replica === undefined ? [] : [{ node: name, status: replica.status() }];
  });
}

function caughtUp(cluster: SimulatedCluster): boolean {
  return cluster.topology.groups.every(({ name, members }) => {
    const replicas = replicasOf(cluster, name);
    const applied = new Set(replicas.map(({ status }) => status.appliedThrough));
    return replicas.length === members.length && applied.size === 1;
  });
}

function checkHistory(cluster: SimulatedCluster, history: History): void {
  for (const { name: group } of cluster.topology.groups) {
    const own = history.operations.filter((recorded) => groupOf(recorded) === group);
    checkRealTime(own);
    const clusterId = [...cluster.nodes.values()][0]?.host?.status().clusterId ?? "";
    const regions = cluster.topology.regions.flatMap((region, index) =>
      region.group === group ? [{ ...region, id: index + 1, version: 1 }] : [],
    );
    const entries = cluster.chosen.log(group);
    const { checksums, written } = replay({ clusterId, group, regions, entries }, own);
    checkOutcomes(history.operations, written);
    for (const { node, status } of replicasOf(cluster, group)) {
      const { appliedThrough, checksum } = status;
      if (checksums[appliedThrough] !== checksum) {
        const text = `${node} at slot ${appliedThrough} of ${group}`;
        throw new Violation("replicas hold what the log says", text);
      }
    }
  }
}

function groupOf({ told }: Recorded): string | undefined {
  return told !== undefined && "place" in told.answer ? told.answer.place.group : undefined;
}

function checkpointsOf(cluster: SimulatedCluster): number {
  const counts = [...cluster.nodes.values()].flatMap(({ host }) =>
    (host?.status().replicas ?? []).map(({ checkpoints }) => checkpoints),
  );
  return counts.reduce((sum, count) => sum + count, 0);
}

/** A run in which nothing happened proves nothing. */
function requireSomethingHappened(
  cluster: SimulatedCluster,
  history: History,
  nemesis: Nemesis,
): void {
  const struck = Object.values(nemesis.counts).reduce((sum, count) => sum + count, 0);
  const vacuous =
    cluster.chosen.chosenSlots === 0 ||
    history.answered === 0 ||
    struck === 0 ||
    cluster.persisted.checked === 0;
  if (vacuous) throw new Violation("vacuity", "nothing was chosen, answered, struck or checked");
}

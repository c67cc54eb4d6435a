/** The verdict on a run that has come to rest: what clients were told, held against the chosen log and against time. */
import type { Region } from "../kv/state/regions.ts";
import { wallMsOf, type Revision } from "../kv/revision.ts";
import type { ReplicaStatus } from "../infra/status/replica-status.ts";
import { judgeHistory, type HistoryChecked } from "./judge-history.ts";
import { judgeLogs } from "./judge-logs.ts";
import type { OutcomesChecked } from "./oracles/exactly-once.ts";
import { checkFreshness, type ClockErrors } from "./oracles/fresh-enough.ts";
import type { Replayed, ReplayedGroup } from "./oracles/log-replay.ts";
import { checkOwners } from "./oracles/region-owners.ts";
import { checkRestoredStores } from "./oracles/restored-stores.ts";
import type { SimulatedCluster } from "./simulated-cluster.ts";
import { Violation } from "./violation.ts";
import type { History } from "./workload/history.ts";
import type { WatchRecord } from "./workload/watch-record.ts";

/** Clocks that were set a little, again and again, may be that far off together. */
const clockJumpsMsMax = 60_000;

/** What there was to judge. */
export interface Judged extends HistoryChecked {
  readonly outcomes: OutcomesChecked;
  readonly foundByRevision: number;
  readonly expired: number;
  /** Reads that said as of when they are complete. */
  readonly dated: number;
}

/** Throws a `Violation` when anything does not hold. */
export function judge(
  cluster: SimulatedCluster,
  history: History,
  watches: readonly WatchRecord[],
  clocks?: ClockErrors,
): Judged {
  const { operations, attempts, freshness } = history;
  const logs = cluster.topology.groups.map(({ name }) => logOf(cluster, name));
  const { replayed, ...found } = judgeLogs(logs, { operations, attempts, watches });
  for (const [group, own] of replayed) {
    checkTime(cluster, group, own.lastRevision);
    checkReplicas(cluster, group, own);
  }
  checkOwnersOf(cluster);
  checkRestoredStores(cluster.nodes.values());
  const dated = clocks === undefined ? 0 : checkFreshness(operations, freshness, clocks);
  return { ...judgeHistory(operations), ...found, dated };
}

export function replicasOf(
  cluster: SimulatedCluster,
  group: string,
): readonly { readonly node: string; readonly status: ReplicaStatus }[] {
  return [...cluster.nodes.values()].flatMap(({ name, host }) => {
    const replica = host?.replica(group);
    return replica === undefined ? [] : [{ node: name, status: replica.status() }];
  });
}

/** At the end replicas that are whole are at the same slots. */
function checkOwnersOf({ nodes, topology, hurt }: SimulatedCluster): void {
  for (const { name: node, host } of nodes.values()) {
    if (hurt.has(node)) continue;
    const owned = new Map<string, readonly Region[]>();
    for (const { name } of topology.groups) {
      const replica = host?.replica(name);
      if (replica !== undefined) owned.set(name, replica.regions.owned);
    }
    if (owned.size === topology.groups.length) checkOwners(owned);
  }
}

function logOf(cluster: SimulatedCluster, group: string): ReplayedGroup {
  const { clusterId, topology, chosen } = cluster;
  const regions = topology.regions.flatMap((region, index) =>
    region.group === group ? [{ ...region, id: index + 1, version: 1 }] : [],
  );
  return { clusterId, group, regions, entries: chosen.log(group) };
}

function checkReplicas(cluster: SimulatedCluster, group: string, { checksums }: Replayed): void {
  for (const { node, status } of replicasOf(cluster, group)) {
    const { appliedThrough, checksum, needsSnapshot, stopped } = status;
    if (needsSnapshot || stopped !== undefined) continue;
    if (checksums[appliedThrough] !== checksum) {
      const text = `${node} at slot ${appliedThrough} of ${group}`;
      throw new Violation("replicas hold what the log says", text);
    }
  }
}

/** One clock, however wrong, must not move what is a group's only time. */
function checkTime({ world }: SimulatedCluster, group: string, lastRevision: Revision): void {
  const aheadMs = wallMsOf(lastRevision) - (world.startWallMs + world.nowMs);
  if (aheadMs <= clockJumpsMsMax) return;
  const text = `the time of ${group} is ${Math.round(aheadMs)} ms ahead of the world's`;
  throw new Violation("no single clock moves a group's time", text);
}

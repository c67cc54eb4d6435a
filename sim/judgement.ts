/** The verdict on a run that has come to rest: what clients were told, held against the chosen log and against time. */
import { operationKind } from "../kv/commands/operation.ts";
import { wallMsOf, type Revision } from "../kv/revision.ts";
import type { InternalKey } from "../kv/state-reader.ts";
import type { Topology } from "../infra/topology/topology.ts";
import type { ReplicaStatus } from "../infra/status/replica-status.ts";
import { checkRegisters, type RegistersChecked } from "./oracles/every-register.ts";
import { checkOutcomes, checkRealTime, replay } from "./oracles/log-replay.ts";
import type { SimulatedCluster } from "./simulated-cluster.ts";
import { Violation } from "./violation.ts";
import { checkWatch } from "./oracles/watches.ts";
import type { History, Recorded } from "./workload/history.ts";
import type { WatchRecord } from "./workload/watch-record.ts";

/** Clocks that were set a little, again and again, may be that far off together. */
const clockJumpsMsMax = 60_000;
/** Throws a `Violation` when anything does not hold. */
export function judge(
  cluster: SimulatedCluster,
  history: History,
  watches: readonly WatchRecord[],
): RegistersChecked {
  checkHistory(cluster, history, watches);
  return checkRegisters(history.operations);
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

function checkHistory(
  cluster: SimulatedCluster,
  history: History,
  watches: readonly WatchRecord[],
): void {
  const everywhere = new Set<string>();
  for (const { name: group } of cluster.topology.groups) {
    const own = history.operations.filter((recorded) => groupOf(recorded) === group);
    checkRealTime(own);
    const { clusterId } = cluster;
    const regions = cluster.topology.regions.flatMap((region, index) =>
      region.group === group ? [{ ...region, id: index + 1, version: 1 }] : [],
    );
    const entries = cluster.chosen.log(group);
    const { checksums, written, lastRevision, changes } = replay(
      { clusterId, group, regions, entries },
      own,
    );
    checkTime(cluster, group, lastRevision);
    for (const record of watches) {
      checkWatch(record, group, changes, (key) => regions.some((region) => holds(region, key)));
    }
    checkOutcomes(history.operations, written);
    for (const value of written.keys()) everywhere.add(value);
    for (const { node, status } of replicasOf(cluster, group)) {
      const { appliedThrough, checksum, needsSnapshot, stopped } = status;
      if (needsSnapshot || stopped !== undefined) continue;
      if (checksums[appliedThrough] !== checksum) {
        const text = `${node} at slot ${appliedThrough} of ${group}`;
        throw new Violation("replicas hold what the log says", text);
      }
    }
  }
  checkAcknowledged(history, everywhere);
}

/** Raw answers name no place in the log, but what they acknowledge is somewhere in it. */
function checkAcknowledged(history: History, written: ReadonlySet<string>): void {
  for (const { operation, told, client } of history.operations) {
    if (operation.kind !== operationKind.put || told === undefined) continue;
    const value = Buffer.from(operation.source).toString();
    if ("result" in told.answer && !written.has(value)) {
      throw new Violation("what was acknowledged is in the log", `${client}: ${value}`);
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

function holds({ start, end }: Topology["regions"][number], key: InternalKey): boolean {
  return key >= start && (end === undefined || key < end);
}

function groupOf({ told }: Recorded): string | undefined {
  return told !== undefined && "place" in told.answer ? told.answer.place?.group : undefined;
}

/**
 * Holds what clients were told against the cluster's own log, read from the disks of its killed nodes: the same
 * oracles judge real runs and simulated ones.
 */
import { join } from "node:path";
import { systemRandomness } from "../../../infra/randomness/system-randomness.ts";
import { openLmdbLogStore } from "../../../infra/log-store/lmdb-log-store.ts";
import { metaGroup } from "../../../infra/topology/topology.ts";
import { judgeHistory } from "../../../sim/judge-history.ts";
import { judgeLogs } from "../../../sim/judge-logs.ts";
import type { ReplayedGroup } from "../../../sim/oracles/log-replay.ts";
import type { Cluster } from "./cluster.ts";

interface Observed {
  readonly node: string;
  readonly group: string;
  readonly clusterId: string;
  readonly appliedThrough: number;
  readonly checksum: number;
}

/**
 * Kills the cluster once these nodes, all by default, are quiet, and throws a `Violation` when anything that was told
 * is not true.
 */
export async function checkHistory(
  cluster: Cluster,
  nodes: readonly string[] = cluster.others(),
): Promise<void> {
  const { history, topology } = cluster;
  if (history.open > 0) throw new Error(`${history.open} operations have not ended`);
  if (history.answered === 0) throw new Error("nothing was answered: there is nothing to check");
  const { checked, undecided } = judgeHistory(history.operations);
  if (checked === undecided) throw new Error("no key was judged");
  await cluster.waitUntilQuiet(nodes);
  const observed = observe(cluster, nodes);
  await cluster.kill(...cluster.others());
  const logs: ReplayedGroup[] = [];
  for (const { name: group } of topology.groups) {
    if (group === metaGroup) continue;
    const replicas = observed.filter((replica) => replica.group === group);
    const through = Math.max(...replicas.map(({ appliedThrough }) => appliedThrough));
    const entries = await entriesOf(cluster, nodes[0] ?? "", group, through);
    const regions = topology.regions.flatMap((region, index) =>
      region.group === group ? [{ ...region, id: index + 1, version: 1 }] : [],
    );
    logs.push({ clusterId: replicas[0]?.clusterId ?? "", group, regions, entries });
  }
  const { replayed } = judgeLogs(logs, { operations: history.operations });
  for (const { node, group, appliedThrough, checksum } of observed) {
    const log = replayed.get(group);
    if (log === undefined || log.checksums[appliedThrough] === checksum) continue;
    throw new Error(`${node} differs from its log at slot ${appliedThrough} of ${group}`);
  }
}

function observe(cluster: Cluster, nodes: readonly string[]): readonly Observed[] {
  return nodes.flatMap((node) => {
    const status = cluster.status(node);
    return (status?.replicas ?? []).map(({ group, appliedThrough, checksum }) => ({
      node,
      group,
      clusterId: status?.clusterId ?? "",
      appliedThrough,
      checksum,
    }));
  });
}

/** From the log of a node that had applied them all: each of its records through there is the chosen one. */
async function entriesOf(
  cluster: Cluster,
  node: string,
  group: string,
  through: number,
): Promise<readonly Uint8Array[]> {
  const store = await openLmdbLogStore({
    directory: cluster.node(node).dataDirectory,
    cluster: cluster.topology.cluster,
    node,
    randomness: systemRandomness,
  });
  try {
    const records = store.read(group, 1, 1, through, Infinity);
    if (records.length === through) return records.map(({ entry }) => entry);
    throw new Error(`${join(node, group)} holds ${records.length} of ${through} slots`);
  } finally {
    await store.close();
  }
}

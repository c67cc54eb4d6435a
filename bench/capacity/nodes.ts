/** What the nodes say of the group that holds the keys. */
import type { NodeStatus } from "../../infra/status/node-status.ts";
import type { ReplicaStatus } from "../../infra/status/replica-status.ts";
import { systemClock } from "../../infra/clock/system-clock.ts";
import type { BenchCluster } from "../throughput/cluster.ts";
import { keyAt } from "./keys.ts";

/** Which groups own the keys is a matter of the topology; all of them lie in one. */
export function groupOf(status: readonly NodeStatus[]): ReplicaStatus {
  const all = status.flatMap(({ replicas }) => replicas);
  const [largest] = all.toSorted((left, right) => heldBytes(right) - heldBytes(left));
  if (largest === undefined) throw new Error(`no group holds ${keyAt(0)}`);
  return largest;
}

function heldBytes({ stateBytes, tableBytes }: ReplicaStatus): number {
  return stateBytes + tableBytes;
}

/** By node; nodes that do not answer are missing. */
export function replicasOf(
  status: readonly NodeStatus[],
  group: string,
): ReadonlyMap<string, ReplicaStatus> {
  const found = new Map<string, ReplicaStatus>();
  for (const { node, replicas } of status) {
    const replica = replicas.find((one) => one.group === group);
    if (replica !== undefined) found.set(node, replica);
  }
  return found;
}

export function pause(delayMs: number): Promise<void> {
  return new Promise((resolve) => systemClock.after(delayMs, resolve));
}

const settledMs = 4_000;
const settleMsMax = 300_000;

/** Checkpoints and merges have caught up: no node merges, and what lies on disk has not changed for some seconds. */
export async function settle(cluster: BenchCluster): Promise<void> {
  const untilMs = performance.now() + settleMsMax;
  let known = "";
  let sinceMs = performance.now();
  while (performance.now() < untilMs) {
    const status = await cluster.status();
    const replicas = status.flatMap((node) => node.replicas);
    const now = replicas.map(({ stateBytes }) => stateBytes).join();
    if (now !== known || replicas.some(({ stateMerging }) => stateMerging)) {
      known = now;
      sinceMs = performance.now();
    } else if (performance.now() - sinceMs >= settledMs) return;
    await pause(200);
  }
}

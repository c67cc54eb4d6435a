/** What replicas did between two looks at the nodes: checkpoints, trims, and whether a node was started again. */
import type { NodeStatus } from "../../infra/status/node-status.ts";
import { metaGroup } from "../../infra/topology/topology.ts";

/** Of the replica that did the least; infinite if nothing was written at all. */
export interface Work {
  readonly checkpoints: number;
  readonly trims: number;
}

/** Equal as long as no node was started again: CPU time of a process that is gone is not counted. */
export function startsOf(status: readonly NodeStatus[]): string {
  return status.map(({ node, incarnation }) => `${node} ${incarnation}`).join();
}

/** Of the replica that did the least, among those of groups that were written to. */
export function workBetween(before: readonly NodeStatus[], after: readonly NodeStatus[]): Work {
  let work: Work = { checkpoints: Infinity, trims: Infinity };
  for (const { node, replicas } of after) {
    const earlier = before.find((status) => status.node === node)?.replicas ?? [];
    for (const { group, checkpoints, trims, lastRevision } of replicas) {
      const then = earlier.find((replica) => replica.group === group);
      const written = lastRevision > (then?.lastRevision ?? lastRevision);
      if (group === metaGroup || then === undefined || !written) continue;
      work = {
        checkpoints: Math.min(work.checkpoints, checkpoints - then.checkpoints),
        trims: Math.min(work.trims, trims - then.trims),
      };
    }
  }
  return work;
}

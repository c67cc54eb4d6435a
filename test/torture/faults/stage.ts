/** What a fault works on: the cluster, the node it was drawn for, and chance. */
import type { SeededRandomness } from "../../../infra/randomness/seeded-randomness.ts";
import type { TortureCluster } from "../cluster/torture-cluster.ts";
import type { TortureNode } from "../cluster/torture-node.ts";

export interface Stage {
  readonly cluster: TortureCluster;
  readonly randomness: SeededRandomness;
  readonly victim: TortureNode;
  readonly others: readonly TortureNode[];
}

export interface Fault {
  /** It works on disks or clocks, which are under control only where there is a C compiler. */
  readonly needsLibrary?: boolean;
  /** Undefined when it could not strike as things are: it does not count then. */
  readonly strike: (stage: Stage) => Promise<string | undefined> | string | undefined;
}

/** Uniform between the two. */
export function between(randomness: SeededRandomness, min: number, max: number): number {
  return min + randomness.fraction() * (max - min);
}

export function namesOf(nodes: readonly TortureNode[]): string {
  return nodes.map(({ name }) => name).join(", ");
}

/** What a fault works on: the cluster, the node it was drawn for, and chance. */
import type { SeededRandomness } from "../../infra/randomness/seeded-randomness.ts";
import type { SimulatedCluster } from "../simulated-cluster.ts";
import type { SimulatedNode } from "../simulated-node.ts";

export interface Stage {
  readonly cluster: SimulatedCluster;
  readonly randomness: SeededRandomness;
  readonly victim: SimulatedNode;
  /** Names of all nodes but the victim. */
  readonly others: readonly string[];
}

/** False when it could not strike as things are: it does not count then. */
export type Fault = (stage: Stage) => boolean;

/** Uniform between the two. */
export function between(randomness: SeededRandomness, min: number, max: number): number {
  return min + randomness.fraction() * (max - min);
}

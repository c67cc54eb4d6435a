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
  /** For a fault that lies in wait: it strikes only now. */
  readonly strikes: () => void;
}

/** False when it could not strike as things are, or did not strike yet: it does not count then. */
export type Fault = (stage: Stage) => boolean;

/** Uniform between the two. */
export function between(randomness: SeededRandomness, min: number, max: number): number {
  return min + randomness.fraction() * (max - min);
}

/** Ends a node in one of the two ways in which a disk can be left. */
export function bringDown({ randomness }: Stage, node: SimulatedNode): void {
  if (randomness.chance(0.5)) node.kill();
  else node.losePower(randomness);
}

/** Starts a node that is down after that long, unless it was started meanwhile. */
export function startLater({ cluster }: Stage, node: SimulatedNode, delayMs: number): void {
  cluster.sequels.later(delayMs, () => {
    if (!node.running) node.start();
  });
}

/** Breaks things, one after the other, and mends them again; what it does is drawn from the seed alone. */
import type { SeededRandomness } from "../infra/randomness/seeded-randomness.ts";
import type { SimulatedCluster } from "./simulated-cluster.ts";
import type { SimulatedNode } from "./simulated-node.ts";

export const faultClasses = [
  "loss",
  "delay",
  "partition",
  "one-way partition",
  "crash",
  "power loss",
  "crash of all",
  "pause",
  "stall",
  "broker restart",
  "clock jump",
] as const;

export type FaultClass = (typeof faultClasses)[number];

export type FaultCounts = Record<FaultClass, number>;

/** How long a fault lasts and how long things are left alone, in milliseconds. */
const faultMs = { min: 200, max: 3_000 };
const calmMs = { min: 200, max: 2_000 };

export class Nemesis {
  readonly counts: FaultCounts;
  readonly #cluster: SimulatedCluster;
  readonly #randomness: SeededRandomness;
  readonly #classes: readonly FaultClass[];
  #stopping = false;

  constructor(
    cluster: SimulatedCluster,
    randomness: SeededRandomness,
    classes: readonly FaultClass[] = faultClasses,
  ) {
    this.#cluster = cluster;
    this.#randomness = randomness;
    this.#classes = classes;
    this.counts = Object.fromEntries(faultClasses.map((name) => [name, 0])) as FaultCounts;
  }

  start(): void {
    this.#cluster.world.schedule(this.#between(calmMs), () => this.#strike());
  }

  /** Mends everything and leaves the cluster alone from here on. */
  stop(): void {
    this.#stopping = true;
    this.#mend();
  }

  #strike(): void {
    if (this.#stopping) return;
    const fault = this.#classes[this.#randomness.below(this.#classes.length)];
    if (fault === undefined) return;
    this.counts[fault] += 1;
    this.#cluster.trace.add(`${this.#cluster.world.nowMs} ${fault}`);
    this.#inflict(fault);
    this.#cluster.world.schedule(this.#between(faultMs), () => {
      if (this.#stopping) return;
      this.#mend();
      this.start();
    });
  }

  #inflict(fault: FaultClass): void {
    const { network } = this.#cluster;
    const victim = this.#anyNode();
    const others = [...this.#cluster.nodes.keys()].filter((name) => name !== victim.name);
    switch (fault) {
      case "loss":
        return network.setConditions({ lossChance: 0.02 + this.#randomness.fraction() * 0.2 });
      case "delay":
        return network.setConditions({
          delayMsMean: 1 + this.#randomness.fraction() * 20,
          slowChance: 0.02,
          duplicateChance: 0.05,
          overtakeChance: 0.2,
        });
      case "partition":
        return network.partition([victim.name], others);
      case "one-way partition":
        for (const other of others) {
          if (this.#randomness.chance(0.5)) network.cut(victim.name, other);
          else network.cut(other, victim.name);
        }
        return;
      case "crash":
        return victim.kill();
      case "power loss":
        return victim.losePower(this.#randomness);
      case "crash of all":
        for (const node of this.#cluster.nodes.values()) {
          if (this.#randomness.chance(0.5)) node.kill();
          else node.losePower(this.#randomness);
        }
        return;
      case "pause":
        return victim.process?.pause();
      case "stall":
        return victim.process?.stallFor(this.#between({ min: 50, max: 1_500 }));
      case "broker restart":
        return network.restartBroker();
      case "clock jump":
        return victim.machine.jumpWall((this.#randomness.fraction() - 0.5) * 4_000);
    }
  }

  #mend(): void {
    const { network, nodes } = this.#cluster;
    network.setConditions({
      lossChance: 0,
      delayMsMean: 0.05,
      slowChance: 0,
      duplicateChance: 0,
      overtakeChance: 0,
    });
    network.healAll();
    for (const node of nodes.values()) {
      if (!node.running) node.start();
      else if (node.process?.state === "paused") node.process.resume();
    }
  }

  #anyNode(): SimulatedNode {
    const nodes = [...this.#cluster.nodes.values()];
    const node = nodes[this.#randomness.below(nodes.length)];
    if (node === undefined) throw new Error("a cluster has nodes");
    return node;
  }

  #between({ min, max }: { readonly min: number; readonly max: number }): number {
    return min + this.#randomness.fraction() * (max - min);
  }
}

/** How wrong the clocks of a run's nodes were: what can be expected of stamps depends on it. */
import type { ClockErrors } from "./oracles/fresh-enough.ts";
import type { SimulatedCluster } from "./simulated-cluster.ts";

const lookEveryMs = 20;

export class ClockWatch {
  readonly #cluster: SimulatedCluster;
  #aheadMs = 0;
  #behindMs = 0;

  constructor(cluster: SimulatedCluster) {
    this.#cluster = cluster;
  }

  /** Looks for as long as the world goes on. */
  start(): void {
    this.#look();
    this.#cluster.world.schedule(lookEveryMs, () => this.start());
  }

  get errors(): ClockErrors {
    const { startWallMs } = this.#cluster.world;
    return { startWallMs, aheadMs: this.#aheadMs, behindMs: this.#behindMs };
  }

  #look(): void {
    const { nodes, world } = this.#cluster;
    const trueMs = world.startWallMs + world.nowMs;
    let first = 0;
    let second = 0;
    for (const { machine } of nodes.values()) {
      const aheadMs = machine.wallMs() - trueMs;
      if (aheadMs > first) [first, second] = [aheadMs, first];
      else second = Math.max(second, aheadMs);
      this.#behindMs = Math.max(this.#behindMs, -aheadMs);
    }
    this.#aheadMs = Math.max(this.#aheadMs, nodes.size === 1 ? first : second);
  }
}

/** What happens to a node's process, its machine and its clocks. */
import type { SimulatedNode } from "../simulated-node.ts";
import { between, bringDown, startLater, type Fault, type Stage } from "./stage.ts";

/** How far clocks run apart: within what leases tolerate. */
const driftRatio = 0.04;
const dayMs = 24 * 60 * 60 * 1_000;

function bringAllDown(stage: Stage, nodes: readonly SimulatedNode[]): boolean {
  for (const node of nodes) bringDown(stage, node);
  return nodes.length > 0;
}

export const processFaults = {
  crash: ({ victim }) => {
    const { running } = victim;
    victim.kill();
    return running;
  },

  "power loss": ({ victim, randomness }) => {
    victim.losePower(randomness);
    return true;
  },

  /** Comes back before anybody has noticed: what it owes from before is still expected of it. */
  "quick restart": (stage) => {
    const { victim, randomness } = stage;
    victim.losePower(randomness);
    startLater(stage, victim, between(randomness, 1, 100));
    return true;
  },

  /** One after the other, each back soon: a rolling restart by somebody in a hurry. */
  "restart of all": (stage) => {
    const { cluster, randomness } = stage;
    let delayMs = 0;
    for (const node of cluster.nodes.values()) {
      cluster.sequels.later(delayMs, () => {
        bringDown(stage, node);
        startLater(stage, node, between(randomness, 1, 50));
      });
      delayMs += between(randomness, 1, 400);
    }
    return true;
  },

  "crash of half": (stage) => {
    const nodes = [...stage.cluster.nodes.values()];
    return bringAllDown(
      stage,
      nodes.filter(() => stage.randomness.chance(0.5)),
    );
  },

  "crash of all": (stage) => {
    return bringAllDown(stage, [...stage.cluster.nodes.values()]);
  },

  /** All of them at one moment, and back at once. */
  "power failure": (stage) => {
    for (const node of stage.cluster.nodes.values()) {
      node.losePower(stage.randomness);
      startLater(stage, node, between(stage.randomness, 1, 200));
    }
    return true;
  },

  pause: ({ victim }) => {
    victim.process?.pause();
    return victim.running;
  },

  stall: ({ victim, randomness }) => {
    victim.process?.stallFor(between(randomness, 50, 1_500));
    return victim.running;
  },

  /** The monotonic clock stands still, the wall clock goes on. */
  suspend: ({ victim }) => {
    victim.machine.suspend();
    return true;
  },

  drain: ({ victim }) => {
    victim.drain();
    return victim.draining;
  },

  "clock jump": ({ victim, randomness }) => {
    victim.machine.jumpWall(between(randomness, -2_000, 2_000));
    return true;
  },

  "clock drift": ({ victim, randomness }) => {
    victim.machine.setClockRate(between(randomness, 1 - driftRatio, 1 + driftRatio));
    return true;
  },

  /** One clock alone must not move the group's time. */
  "clock a day ahead": ({ victim, cluster }) => {
    if (cluster.dayAhead !== undefined) return false;
    victim.machine.jumpWall(dayMs);
    cluster.dayAhead = {
      node: victim.name,
      end: () => {
        victim.machine.jumpWall(-dayMs);
        cluster.dayAhead = undefined;
      },
    };
    return true;
  },
} as const satisfies Record<string, Fault>;

/** What happens to a node's process, its machine and its clocks. */
import { between, type Fault, type Stage } from "./stage.ts";

/** How far clocks run apart: within what leases tolerate. */
const driftRatio = 0.04;
const dayMs = 24 * 60 * 60 * 1_000;

function bringDown(nodes: readonly Stage["victim"][], { randomness }: Stage): void {
  for (const node of nodes) {
    if (randomness.chance(0.5)) node.kill();
    else node.losePower(randomness);
  }
}

export const processFaults = {
  crash: ({ victim }) => {
    victim.kill();
    return true;
  },

  "power loss": ({ victim, randomness }) => {
    victim.losePower(randomness);
    return true;
  },

  /** Comes back before anybody has noticed: what it owes from before is still expected of it. */
  "quick restart": ({ victim, cluster, randomness }) => {
    victim.losePower(randomness);
    cluster.world.schedule(between(randomness, 1, 100), () => {
      if (!victim.running) victim.start();
    });
    return true;
  },

  "crash of half": (stage) => {
    const nodes = [...stage.cluster.nodes.values()];
    bringDown(
      nodes.filter(() => stage.randomness.chance(0.5)),
      stage,
    );
    return true;
  },

  "crash of all": (stage) => {
    bringDown([...stage.cluster.nodes.values()], stage);
    return true;
  },

  pause: ({ victim }) => {
    victim.process?.pause();
    return true;
  },

  stall: ({ victim, randomness }) => {
    victim.process?.stallFor(between(randomness, 50, 1_500));
    return true;
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

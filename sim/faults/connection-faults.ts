/** What happens to connections to the broker, to the broker itself, and to what it routes. */
import { between, type Fault } from "./stage.ts";

/** So many old messages come at once. */
const burst = { min: 20, max: 200 };

export const connectionFaults = {
  disconnect: ({ cluster, victim }) => {
    const transports = cluster.network.transportsOf(victim.name);
    for (const transport of transports) cluster.network.disconnect(transport);
    return transports.length > 0;
  },

  /** With much in flight: of that, the beginning or the end is lost. Again and again. */
  "connection reset": ({ cluster, randomness, victim }) => {
    const { network, sequels } = cluster;
    network.setConditions({ delayMsMin: between(randomness, 5, 60) });
    const reset = (): void => {
      for (const transport of network.transportsOf(victim.name)) {
        if (randomness.chance(0.7)) network.disconnect(transport);
      }
      sequels.later(between(randomness, 150, 700), reset);
    };
    sequels.later(between(randomness, 60, 200), reset);
    return victim.running;
  },

  /** Whoever comes back is connected, speaks, and is not heard of by those who publish. */
  "late interest": ({ cluster, randomness, victim }) => {
    const { network } = cluster;
    network.setInterestDelay(between(randomness, 20, 900));
    const all = randomness.chance(0.3);
    for (const name of all ? cluster.nodes.keys() : [victim.name]) {
      for (const transport of network.transportsOf(name)) network.disconnect(transport);
    }
    return victim.running;
  },

  "broker restart": ({ cluster }) => {
    cluster.network.restartBroker();
    return true;
  },

  "broker outage": ({ cluster }) => {
    cluster.network.stopBroker();
    return true;
  },

  /** What nodes said at any time before, in this life or an earlier one, is delivered once more. */
  "old messages": ({ cluster, randomness }) => {
    const { all } = cluster.oldMessages;
    const count = between(randomness, burst.min, burst.max);
    let said = 0;
    for (let index = 0; index < count; index++) {
      const old = all[randomness.below(Math.max(1, all.length))];
      if (old === undefined) return false;
      if (cluster.network.repeat(old.from, old.subject, old.payload)) said += 1;
    }
    return said > 0;
  },
} as const satisfies Record<string, Fault>;

/** What happens to messages between nodes. Clients keep reaching everybody: a cut-off leader goes on being asked. */
import { between, type Fault } from "./stage.ts";

export const networkFaults = {
  loss: ({ cluster, randomness }) => {
    cluster.network.setConditions({ lossChance: between(randomness, 0.02, 0.25) });
    return true;
  },

  delay: ({ cluster, randomness }) => {
    cluster.network.setConditions({
      delayMsMean: between(randomness, 1, 25),
      slowChance: 0.02,
      duplicateChance: 0.05,
      overtakeChance: 0.2,
    });
    return true;
  },

  partition: ({ cluster, victim, others }) => {
    cluster.network.partition([victim.name], others);
    return true;
  },

  "one-way partition": ({ cluster, randomness, victim, others }) => {
    for (const other of others) {
      if (randomness.chance(0.5)) cluster.network.cut(victim.name, other);
      else cluster.network.cut(other, victim.name);
    }
    return true;
  },

  /** Everybody still reaches somebody who reaches the victim. */
  "partial partition": ({ cluster, randomness, victim, others }) => {
    const other = others[randomness.below(others.length)];
    if (other === undefined) return false;
    cluster.network.partition([victim.name], [other]);
    return true;
  },

  deafness: ({ cluster, victim }) => {
    cluster.network.setDeaf(victim.name, true);
    return true;
  },

  /** Nothing is lost; when it ends everything arrives at once, and old. */
  clog: ({ cluster, randomness, victim, others }) => {
    for (const other of others) {
      if (randomness.chance(0.7)) cluster.network.clog(victim.name, other);
      if (randomness.chance(0.3)) cluster.network.clog(other, victim.name);
    }
    return true;
  },

  /** Requests on raw subjects reach some nodes much later than others. */
  "late requests": ({ cluster, randomness }) => {
    for (const client of cluster.rawClients) {
      for (const node of cluster.nodes.keys()) {
        if (randomness.chance(0.5)) cluster.network.clog(client, node);
      }
    }
    return cluster.rawClients.length > 0;
  },

  disconnect: ({ cluster, victim }) => {
    for (const transport of cluster.network.transportsOf(victim.name)) {
      cluster.network.disconnect(transport);
    }
    return true;
  },

  "broker restart": ({ cluster }) => {
    cluster.network.restartBroker();
    return true;
  },

  "broker outage": ({ cluster }) => {
    cluster.network.stopBroker();
    return true;
  },
} as const satisfies Record<string, Fault>;

/** What happens to messages between nodes. Clients keep reaching everybody: a cut-off leader goes on being asked. */
import { between, type Fault, type Stage } from "./stage.ts";

export const networkFaults = {
  loss: ({ cluster, randomness }) => {
    cluster.network.setConditions({ lossChance: between(randomness, 0.02, 0.25) });
    return true;
  },

  duplication: ({ cluster, randomness }) => {
    cluster.network.setConditions({ duplicateChance: between(randomness, 0.05, 0.4) });
    return true;
  },

  reordering: ({ cluster, randomness }) => {
    cluster.network.setConditions({
      delayMsMean: between(randomness, 0.5, 10),
      overtakeChance: between(randomness, 0.1, 0.6),
    });
    return true;
  },

  /** Most messages take a little longer, some much longer. */
  delay: ({ cluster, randomness }) => {
    cluster.network.setConditions({
      delayMsMean: between(randomness, 1, 25),
      slowChance: between(randomness, 0.005, 0.04),
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

  /** The two halves of the others only have the victim in common. */
  bridge: ({ cluster, randomness, others }) => {
    const shuffled = shuffle(others, randomness);
    const half = Math.ceil(shuffled.length / 2);
    cluster.network.partition(shuffled.slice(0, half), shuffled.slice(half));
    return shuffled.length > 1;
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

  /** One node after the other is clogged, and they are unclogged one by one in another order. */
  "swizzle clog": ({ cluster, randomness }) => {
    const { network, sequels, nodes } = cluster;
    const names = shuffle(
      [...nodes.keys()].filter(() => randomness.chance(0.8)),
      randomness,
    );
    let delayMs = 0;
    const each = (order: readonly string[], change: (from: string, to: string) => void): void => {
      for (const name of order) {
        sequels.later(delayMs, () => {
          for (const other of nodes.keys()) {
            if (other === name) continue;
            change(name, other);
            change(other, name);
          }
        });
        delayMs += between(randomness, 10, 400);
      }
    };
    each(names, (from, to) => network.clog(from, to));
    each(shuffle(names, randomness), (from, to) => network.unclog(from, to));
    return names.length > 0;
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
} as const satisfies Record<string, Fault>;

export function shuffle<Item>(
  items: readonly Item[],
  randomness: Stage["randomness"],
): readonly Item[] {
  return items
    .map((item) => ({ item, lot: randomness.fraction() }))
    .toSorted((left, right) => left.lot - right.lot)
    .map(({ item }) => item);
}

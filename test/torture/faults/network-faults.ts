/** What happens between nodes. Filters drop messages of a node where they arrive; links lead to nats-server. */
import { namesOf, type Fault, type Stage } from "./stage.ts";

/** Nothing goes to or from the victim that could be lost. */
function isAlone({ victim, others }: Stage): boolean {
  return !victim.running || !others.some(({ running }) => running);
}

/** There is no connection that something could befall. */
function isUnlinked({ cluster, victim }: Stage): boolean {
  return !victim.running || !cluster.broker.running;
}

function partition({ cluster }: Stage, ...sides: readonly Stage["others"][]): void {
  for (const side of sides) {
    for (const listener of side) {
      const unheard = cluster.nodes.filter((node) => !side.includes(node));
      listener.link.hearNothingFrom(unheard.map(({ name }) => name));
    }
  }
}

export const networkFaults = {
  "node partitioned": {
    strike: (stage) => {
      const { victim, others } = stage;
      if (isAlone(stage)) return undefined;
      partition(stage, [victim], others);
      return victim.name;
    },
  },

  /** Into a minority and a majority. */
  partition: {
    strike: (stage) => {
      const { cluster, victim, others, randomness } = stage;
      const minority = Math.floor((cluster.nodes.length - 1) / 2);
      const from = randomness.below(others.length);
      const company = [...others, ...others].slice(from, from + minority - 1);
      const side = [victim, ...company];
      const rest = cluster.nodes.filter((node) => !side.includes(node));
      if (![side, rest].every((nodes) => nodes.some(({ running }) => running))) return undefined;
      partition(stage, side, rest);
      return `${namesOf(side)} | ${namesOf(rest)}`;
    },
  },

  "one-way partition": {
    strike: (stage) => {
      const { victim, others, randomness } = stage;
      if (isAlone(stage)) return undefined;
      if (randomness.chance(0.5)) {
        victim.link.hearNothingFrom(others.map(({ name }) => name));
        return `${victim.name} hears nobody`;
      }
      for (const other of others) other.link.hearNothingFrom([victim.name]);
      return `nobody hears ${victim.name}`;
    },
  },

  /** Each direction between the victim and each other node is lost or not. */
  "partial one-way partition": {
    strike: (stage) => {
      const { victim, randomness } = stage;
      if (isAlone(stage)) return undefined;
      const others = stage.others.filter(({ running }) => running);
      const lost: string[] = [];
      for (const other of others) {
        if (randomness.chance(0.5)) {
          other.link.hearNothingFrom([victim.name]);
          lost.push(`${victim.name} > ${other.name}`);
        }
      }
      const unheard = others.filter(() => randomness.chance(0.5));
      victim.link.hearNothingFrom(unheard.map(({ name }) => name));
      lost.push(...unheard.map(({ name }) => `${name} > ${victim.name}`));
      return lost.length === 0 ? undefined : lost.join(", ");
    },
  },

  "link cut": {
    strike: (stage) => {
      const { victim } = stage;
      if (isUnlinked(stage)) return undefined;
      victim.link.cut();
      return victim.name;
    },
  },

  "link holds what comes": {
    strike: (stage) => {
      const { victim } = stage;
      if (isUnlinked(stage)) return undefined;
      victim.link.hold("to node");
      return victim.name;
    },
  },

  "link holds what goes": {
    strike: (stage) => {
      const { victim } = stage;
      if (isUnlinked(stage)) return undefined;
      victim.link.hold("from node");
      return victim.name;
    },
  },

  "link holds both ways": {
    strike: (stage) => {
      const { victim } = stage;
      if (isUnlinked(stage)) return undefined;
      victim.link.hold("to node");
      victim.link.hold("from node");
      return victim.name;
    },
  },
} as const satisfies Record<string, Fault>;

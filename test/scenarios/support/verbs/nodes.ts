/** Nodes, their machines and their clocks. A machine may be named that runs a client. */
import { each, type Verbs } from "./verb.ts";

const hourMs = 60 * 60 * 1_000;

export const nodeVerbs: Verbs = {
  start: each((node) => node.start()),
  kill: each((node) => node.kill()),
  "cut-power": each((node, { cluster }) => {
    node.losePower(cluster.randomness.split(`power of ${node.name} at ${cluster.world.nowMs}`));
  }),
  pause: each((node) => node.process?.pause()),
  resume: each((node) => node.process?.resume()),
  drain: each((node) => node.drain()),

  suspend: ({ cluster }, names) => {
    for (const name of names) cluster.world.machine(name).suspend();
  },
  wake: ({ cluster }, names) => {
    for (const name of names) cluster.world.machine(name).resume();
  },
  /** `set-clock n1 n2 -1`: by so many hours. */
  "set-clock": ({ cluster }, words) => {
    for (const name of words.slice(0, -1)) {
      cluster.world.machine(name).jumpWall(Number(words.at(-1)) * hourMs);
    }
  },
  "day-ahead": each((node) => node.machine.jumpWall(24 * hourMs)),

  /** The node's topology file lists the members of each group the other way round: somebody else comes first. */
  "reverse-topology": each((node) => {
    const { topology } = node;
    const groups = topology.groups.map((group) => ({
      ...group,
      members: group.members.toReversed(),
    }));
    node.topology = { ...topology, groups };
  }),
  "same-topology": each((node, { cluster }) => {
    node.topology = cluster.topology;
  }),
};

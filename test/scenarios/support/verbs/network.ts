/** Links between machines: `n1-n2` both ways, `n1>n2` one way. Machines of clients have their names. */
import type { Verbs } from "./verb.ts";

export const networkVerbs: Verbs = {
  cut: ({ cluster }, words) => {
    for (const [from, to] of links(words)) cluster.network.cut(from, to);
  },
  mend: ({ cluster }, words) => {
    for (const [from, to] of links(words)) cluster.network.heal(from, to);
  },
  clog: ({ cluster }, words) => {
    for (const [from, to] of links(words)) cluster.network.clog(from, to);
  },
  unclog: ({ cluster }, words) => {
    for (const [from, to] of links(words)) cluster.network.unclog(from, to);
  },
  /** From the other nodes. */
  isolate: ({ cluster }, words) => {
    const others = [...cluster.nodes.keys()].filter((name) => !words.includes(name));
    cluster.network.partition(words, others);
  },
  heal: ({ cluster }) => cluster.network.healAll(),
};

function links(words: readonly string[]): readonly (readonly [string, string])[] {
  return words.flatMap((word) => {
    const [from = "", to = ""] = word.split(/[>-]/);
    return word.includes(">") ? [[from, to] as const] : [[from, to] as const, [to, from] as const];
  });
}

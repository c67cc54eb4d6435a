/** What a command does, and what it says about it: one line or several. */
import type { SimulatedNode } from "../../../../sim/simulated-node.ts";
import type { Scene } from "../scene.ts";

export type Said = string | void;
export type Verb = (scene: Scene, words: readonly string[]) => Said | Promise<Said>;
export type Verbs = Readonly<Record<string, Verb>>;

/** A verb for every node that is named. */
export function each(act: (node: SimulatedNode, scene: Scene) => void): Verb {
  return (scene, words) => {
    for (const node of scene.nodes(words)) act(node, scene);
  };
}

/** What a replica is to its group, in a word, put together from its actors. */
import type { Cluster } from "./cluster.ts";

export type Tone = "lead" | "follow" | "busy" | "idle" | "gone" | "bad";

export interface ReplicaView {
  /** As a person says it: `leads`, `follows`, `campaigns`. */
  readonly word: string;
  readonly tone: Tone;
  /** The proposer's. */
  readonly state: string;
  /** The highest that its acceptor promised, without the member it belongs to. */
  readonly ballot: string;
  readonly chosenThrough: number | undefined;
  readonly appliedThrough: number | undefined;
}

const words: Readonly<Record<string, readonly [string, Tone]>> = {
  leading: ["leads", "lead"],
  following: ["follows", "follow"],
  preVoting: ["campaigns", "busy"],
  promising: ["campaigns", "busy"],
  preparing: ["campaigns", "busy"],
  learning: ["takes over", "busy"],
  handingOver: ["hands over", "busy"],
  holdingBack: ["holds back", "busy"],
  dormant: ["dormant", "idle"],
};

/** Undefined where the node has no replica of the group. */
export function replicaView(
  cluster: Cluster,
  node: string,
  group: string,
): ReplicaView | undefined {
  const proposer = cluster.replicaActor(node, group, "proposer");
  const acceptor = cluster.replicaActor(node, group, "acceptor");
  const learner = cluster.replicaActor(node, group, "learner");
  if (proposer === undefined && acceptor === undefined) return undefined;
  const state = proposer?.state ?? "";
  const [word, tone] = wordOf(cluster, node, state, [proposer, acceptor, learner]);
  return {
    word,
    tone,
    state,
    ballot: ballotIn(acceptor?.memory["promise"]),
    chosenThrough: numberIn(acceptor?.memory["chosenThrough"]),
    appliedThrough: numberIn(learner?.memory["appliedThrough"]),
  };
}

/** The nodes whose proposers say that they lead the group, and are there. */
export function leadersOf(cluster: Cluster, group: string): readonly string[] {
  return cluster.nodes
    .filter(({ name, gone }) => !gone && replicaView(cluster, name, group)?.tone === "lead")
    .map(({ name }) => name);
}

function wordOf(
  cluster: Cluster,
  node: string,
  state: string,
  actors: readonly ({ readonly status: string } | undefined)[],
): readonly [string, Tone] {
  if (cluster.node(node)?.gone === true) return ["gone", "gone"];
  if (actors.some((actor) => actor?.status === "failed")) return ["failed", "bad"];
  if (actors.some((actor) => actor?.status === "stopped")) return ["stopped", "bad"];
  return words[state] ?? [state, "idle"];
}

/** `1.4` of `1.4@2f0c…`. */
function ballotIn(value: unknown): string {
  return typeof value === "string" ? (value.split("@", 1)[0] ?? "") : "";
}

function numberIn(value: unknown): number | undefined {
  return typeof value === "number" ? value : undefined;
}

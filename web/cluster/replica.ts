/** What a replica is to its group, in a word, put together from its actors. */
import type { ActorModel } from "./actor.ts";
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
  const actors = ["proposer", "acceptor", "learner"].map((role) =>
    cluster.replicaActor(node, group, role),
  );
  const [proposer, acceptor, learner] = actors;
  if (proposer === undefined && acceptor === undefined) return undefined;
  const state = proposer?.state ?? "";
  const [word, tone] =
    wordForTrouble(cluster, node, actors) ??
    (state === "leading" && !leadersOf(cluster, group).includes(node)
      ? superseded
      : (words[state] ?? [state, "idle"]));
  return {
    word,
    tone,
    state,
    ballot: ballotIn(acceptor),
    chosenThrough: numberIn(acceptor?.memory["chosenThrough"]),
    appliedThrough: numberIn(learner?.memory["appliedThrough"]),
  };
}

/**
 * The nodes that lead the group as far as is known here: of those that are there and say so, the ones at the highest
 * ballot. A leader that was replaced may not have noticed yet.
 */
export function leadersOf(cluster: Cluster, group: string): readonly string[] {
  const claims = cluster.nodes
    .filter(
      ({ name, gone }) =>
        !gone && cluster.replicaActor(name, group, "proposer")?.state === "leading",
    )
    .map(({ name }) => ({ name, ballot: ballotIn(cluster.replicaActor(name, group, "acceptor")) }));
  const highest = claims.map(({ ballot }) => ballot).reduce(higherBallot, "");
  return claims.filter(({ ballot }) => ballot === highest).map(({ name }) => name);
}

const superseded: readonly [string, Tone] = ["superseded", "busy"];

function wordForTrouble(
  cluster: Cluster,
  node: string,
  actors: readonly (ActorModel | undefined)[],
): readonly [string, Tone] | undefined {
  if (cluster.node(node)?.gone === true) return ["gone", "gone"];
  if (actors.some((actor) => actor?.status === "failed")) return ["failed", "bad"];
  if (actors.some((actor) => actor?.status === "stopped")) return ["stopped", "bad"];
  return undefined;
}

/** `1.4` of an acceptor that promised `1.4@2f0c…`. */
function ballotIn(acceptor: ActorModel | undefined): string {
  const promise = acceptor?.memory["promise"];
  return typeof promise === "string" ? (promise.split("@", 1)[0] ?? "") : "";
}

function higherBallot(left: string, right: string): string {
  const [leftEpoch = 0, leftRound = 0] = left.split(".").map(Number);
  const [rightEpoch = 0, rightRound = 0] = right.split(".").map(Number);
  const isLess = leftEpoch < rightEpoch || (leftEpoch === rightEpoch && leftRound < rightRound);
  return isLess ? right : left;
}

function numberIn(value: unknown): number | undefined {
  return typeof value === "number" ? value : undefined;
}

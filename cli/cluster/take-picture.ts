/** Asks everybody, and puts the answers together. */
import type { NodeStatus } from "../../infra/status/node-status.ts";
import type { ClusterQuestions } from "./cluster-questions.ts";
import { drawPicture, type ClusterPicture } from "./cluster-picture.ts";

/** Takes as long as `timeoutMs` only when somebody does not answer. */
export async function takePicture(
  questions: ClusterQuestions,
  timeoutMs: number,
): Promise<ClusterPicture> {
  const [routing, words] = await Promise.all([
    questions.regions(timeoutMs),
    questions.nodes(timeoutMs, everybodyAnswered),
  ]);
  return drawPicture(routing, words);
}

/** Going by the nodes that those who answered know of. */
function everybodyAnswered(answers: readonly NodeStatus[]): boolean {
  const answered = new Set(answers.map(({ node }) => node));
  return answers.every(({ nodes }) => nodes.every((node) => answered.has(node)));
}

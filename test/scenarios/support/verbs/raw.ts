/** On raw subjects, which every node hears. */
import type { Verbs } from "./verb.ts";

export const rawVerbs: Verbs = {
  raw: (scene, words) => scene.settle(scene.issueRaw(words, undefined)),
  "raw-ask": (scene, words) => void scene.open.push(scene.issueRaw(words, undefined)),
  /** `raw-named ID ...`: under a message id, until it is answered. */
  "raw-named": (scene, [id, ...words]) => void scene.open.push(scene.issueRaw(words, id)),
};

/** What clients ask: see `operations.ts` for the words. */
import { strayRequest } from "../stray.ts";
import { put, revisionTold } from "../operations.ts";
import type { Verb, Verbs } from "./verb.ts";

const trimRoundsMax = 200;
const trimPauseMs = 100;

function operate(kind: string): Verb {
  return (scene, words) => scene.settle(scene.issue(scene.asked([kind, ...words])));
}

export const operationVerbs: Verbs = {
  put: operate("put"),
  delete: operate("delete"),
  get: operate("get"),
  stale: operate("stale"),
  increment: operate("increment"),

  /** As the second client. */
  other: (scene, words) => scene.settle(scene.issue(scene.asked(words), true)),

  /** `fill 20`: so many puts at once, all of which have to succeed. */
  fill: async (scene, [count = ""]) => {
    const recorded = Array.from({ length: Number(count) }, (_, index) => {
      const operation = put(`f${index}`, `${"x".repeat(40)}${scene.nextNumber()}`);
      return scene.issue({ operation, freshness: undefined });
    });
    const said = new Set<string>();
    for (const one of recorded) said.add(await scene.settle(one));
    return [...said].join("\n");
  },

  /**
   * `trim g1`: as the second client, writes so much that every node has a checkpoint of what the group has applied by
   * now, and has trimmed it from its log.
   */
  trim: async (scene, [group = ""]) => {
    const replicas = () =>
      [...scene.cluster.nodes.values()].flatMap(({ host }) => {
        return host?.replica(group)?.status() ?? [];
      });
    const applied = Math.max(...replicas().map(({ appliedThrough }) => appliedThrough));
    const isDone = (): boolean =>
      replicas().every(({ trimmedThrough }) => trimmedThrough >= applied);
    for (let rounds = 0; rounds < trimRoundsMax; rounds++) {
      if (isDone()) return "so it is";
      const operation = put("filler", `${"x".repeat(40)}${scene.nextNumber()}`);
      await scene.settle(scene.issue({ operation, freshness: undefined }, true));
      await scene.until(isDone, trimPauseMs);
    }
    return "no";
  },

  /** Asks without waiting; `answers` waits for all of them. */
  ask: (scene, words) => void scene.open.push(scene.issue(scene.asked(words))),
  "other-asks": (scene, words) => void scene.open.push(scene.issue(scene.asked(words), true)),
  answers: async (scene) => {
    const said: string[] = [];
    for (const recorded of scene.open.splice(0)) said.push(await scene.settle(recorded));
    return said.join("\n");
  },

  /** Names the revision that was told last. */
  mark: (scene, [name = ""]) => {
    const revision = scene.last && revisionTold(scene.last);
    if (revision !== undefined) scene.marks.set(name, revision);
    return revision === undefined ? "there is no revision" : undefined;
  },

  /** How many writes were acknowledged so far, and whether each has a revision of its own. */
  revisions: ({ history }) => {
    const told = history.operations
      .filter(({ operation }) => !("at" in operation))
      .flatMap((recorded) => revisionTold(recorded) ?? []);
    return `${told.length} writes, ${new Set(told).size} revisions`;
  },

  /** `misdirect g2 get a`: a frame for that group, whoever owns the key. */
  misdirect: async (scene, [group = "", ...words]) => strayRequest(scene, group, words),
};

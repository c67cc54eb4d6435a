/** Watches of the bucket, each by a process on a machine of the watch's name. */
import type { Beginning } from "../../../../client/watch/strand.ts";
import { bucketPrefix, prefixEnd } from "../../../../infra/codec/key-text.ts";
import { revisionsPerMs } from "../../../../kv/revision.ts";
import { patienceMs, type Scene } from "../scene.ts";
import { Watching } from "../watching.ts";
import type { Verbs } from "./verb.ts";

export const watchVerbs: Verbs = {
  /**
   * `watch w current`, `now` or `since 0`; `since MARK`; `ahead MS`: behind a revision that lies so far in the future;
   * `again`: where it was when it died. Waits until the store has answered.
   */
  watch: async (scene, [name = "", ...how]) => {
    let watching = scene.watches.get(name);
    if (how[0] === "again") {
      watching?.goOn();
    } else {
      const start = bucketPrefix("default");
      watching = new Watching(scene.cluster, name, { start, end: prefixEnd(start) });
      scene.watches.set(name, watching);
      watching.begin(beginningOf(scene, how));
    }
    const settled = await scene.until(() => watching?.isSettled === true, patienceMs);
    return settled ? undefined : "no answer";
  },
  "kill-watch": (scene, names) => {
    for (const name of names) watchOf(scene, name).die();
  },
  /** `told w`: everything it has for its consumer by now; `told w 2`: so much of it. */
  told: (scene, [name = "", count = "Infinity"]) => {
    const lines = watchOf(scene, name).take(Number(count));
    return lines.length === 0 ? "nothing" : lines.join("\n");
  },
};

function watchOf({ watches }: Scene, name: string): Watching {
  const watching = watches.get(name);
  if (watching === undefined) throw new Error(`no watch is called ${name}`);
  return watching;
}

function beginningOf(scene: Scene, [kind = "", from = ""]: readonly string[]): Beginning {
  if (kind === "current" || kind === "now") return { kind };
  if (kind === "since") return { kind: "after", revision: scene.marks.get(from) ?? Number(from) };
  if (kind === "ahead") {
    const revision = newestRevision(scene) + Number(from) * revisionsPerMs;
    return { kind: "after", revision };
  }
  throw new Error(`no watch begins with ${kind}`);
}

/** Of any group. */
function newestRevision({ cluster }: Scene): number {
  const statuses = [...cluster.nodes.values()].flatMap(({ host }) => host?.status().replicas ?? []);
  return Math.max(...statuses.map(({ lastRevision }) => lastRevision));
}

/** Programs that take locks and run transactions, each on a machine of its own name. */
import { SynodError } from "../../../../infra/errors/synod-error.ts";
import type { Lock } from "../../../../client/lock/lock.ts";
import type { Scene } from "../scene.ts";
import type { Verbs } from "./verb.ts";

interface Locking {
  lock: Lock | undefined;
  failure: string | undefined;
}

interface Counting {
  goOn: () => void;
  runs: number;
  hasRead: boolean;
  end: string | undefined;
}

/** By scene, and by the program's name. */
const lockings = new WeakMap<Scene, Map<string, Locking>>();
const countings = new WeakMap<Scene, Map<string, Counting>>();

export const programVerbs: Verbs = {
  /** `lock alice job 1000`: begins to wait for it; it is free so many milliseconds after its last renewal. */
  lock: (scene, [name = "", key = "", ttlMs = "1000"]) => {
    const locking: Locking = { lock: undefined, failure: undefined };
    ofScene(lockings, scene).set(name, locking);
    const bucket = scene.program(name).client.bucket();
    bucket.lock(key, { ttlMs: Number(ttlMs) }).then(
      (lock) => (locking.lock = lock),
      (thrown: unknown) => (locking.failure = codeOf(thrown)),
    );
  },
  /** Who has it, by their own clocks, at this moment. */
  locks: (scene, names) => names.map((name) => lockText(scene, name)).join("\n"),
  /** Waits until that program has its lock. */
  "has-lock": async (scene, [name = ""]) => {
    const locking = ofScene(lockings, scene).get(name);
    await scene.until(() => locking?.lock !== undefined || locking?.failure !== undefined);
    return lockText(scene, name);
  },
  /** Of the locks that these have or had, in this order. */
  tokens: (scene, names) => {
    const tokens = names.map((name) => ofScene(lockings, scene).get(name)?.lock?.token ?? 0);
    return tokens.every((token, at) => at === 0 || token > (tokens[at - 1] ?? 0))
      ? "rising"
      : "not rising";
  },

  /** `count alice c`: a transaction that reads the key, waits for `go alice`, and writes one more. */
  count: async (scene, [name = "", key = ""]) => {
    const counting: Counting = { goOn: () => {}, runs: 0, hasRead: false, end: undefined };
    ofScene(countings, scene).set(name, counting);
    const toldToGoOn = new Promise<void>((resolve) => {
      counting.goOn = resolve;
    });
    scene
      .program(name)
      .client.transaction(async (transaction) => {
        counting.runs += 1;
        const bucket = transaction.bucket("default");
        const count = Number((await bucket.get(key))?.string() ?? 0);
        counting.hasRead = true;
        await toldToGoOn;
        bucket.put(key, String(count + 1));
        return count + 1;
      })
      .then(
        ({ result }) => (counting.end = String(result)),
        (thrown: unknown) => (counting.end = codeOf(thrown)),
      );
    await scene.until(() => counting.hasRead || counting.end !== undefined);
  },
  /** Lets them go on, without waiting for what comes of it. */
  go: (scene, names) => {
    for (const name of names) ofScene(countings, scene).get(name)?.goOn();
  },
  counted: async (scene, names) => {
    const said: string[] = [];
    for (const name of names) {
      const counting = ofScene(countings, scene).get(name);
      await scene.until(() => counting?.end !== undefined);
      said.push(`${counting?.end ?? "no end"} in ${counting?.runs} runs`);
    }
    return said.join("\n");
  },
};

function ofScene<Kept>(kept: WeakMap<Scene, Map<string, Kept>>, scene: Scene): Map<string, Kept> {
  let own = kept.get(scene);
  if (own === undefined) {
    own = new Map();
    kept.set(scene, own);
  }
  return own;
}

function lockText(scene: Scene, name: string): string {
  const locking = ofScene(lockings, scene).get(name);
  if (locking?.failure !== undefined) return `${name} ${locking.failure}`;
  if (locking?.lock === undefined) return `${name} waits`;
  return `${name} ${locking.lock.isHeld ? "has it" : "had it"}`;
}

function codeOf(thrown: unknown): string {
  return thrown instanceof SynodError ? `${thrown.code}, ${thrown.outcome}` : String(thrown);
}

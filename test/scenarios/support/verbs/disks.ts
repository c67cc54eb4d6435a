/** What disks lose, and how they fail. */
import type { SimulatedNode } from "../../../../sim/simulated-node.ts";
import type { Scene } from "../scene.ts";
import { each, type Verbs } from "./verb.ts";

/** By scene, and by node. */
const backups = new WeakMap<Scene, Map<string, ReturnType<SimulatedNode["copyDisks"]>>>();

export const diskVerbs: Verbs = {
  "lose-log": each((node, { cluster }) => {
    cluster.hurt.add(node.name);
    node.loseLog(true);
  }),
  "lose-directory": each((node, { cluster }) => {
    cluster.hurt.add(node.name);
    node.loseLog(false);
    node.stateDisk.lose();
  }),
  /** What an operator does with a store that belongs to no cluster yet. */
  "empty-unborn": each((node) => {
    node.logDisk.wipe(false);
    node.stateDisk.lose();
  }),
  /** Copies both disks; `put-back` has the node start as it was then. */
  "back-up": each((node, scene) => {
    const own = backups.get(scene) ?? new Map();
    backups.set(scene, own.set(node.name, node.copyDisks()));
  }),
  "put-back": each((node, scene) => {
    const backup = backups.get(scene)?.get(node.name);
    if (backup === undefined) throw new Error(`there is no backup of ${node.name}`);
    scene.cluster.hurt.add(node.name);
    node.restoreDisks(backup);
  }),
  "lose-state": each((node, { cluster }) => {
    cluster.hurt.add(node.name);
    node.stateDisk.lose();
  }),
  "fail-flush": each((node) => {
    node.logDisk.faults.failNextFlush = true;
  }),
  "slow-disk": each((node) => {
    node.flushSlowdown = 1_000;
  }),

  /** Flushes take seconds. */
  "stall-disk": each((node) => {
    node.flushSlowdown = 10_000;
  }),
  /** Checkpoints take seconds: a node that drains has some of its life before it. */
  "slow-state": each((node) => {
    node.stateDisk.latencyMs = () => 1_000;
  }),
  /** Killed as soon as its next checkpoint can be seen, and is not yet on the disk. */
  "kill-at-checkpoint": each((node) => {
    const { stateDisk } = node;
    const shown = (): string => manifestsText(node);
    const before = shown();
    stateDisk.onChange = (when) => {
      if (when !== "visible" || shown() === before) return;
      stateDisk.onChange = undefined;
      node.kill();
    };
  }),
  "mend-disk": each((node) => {
    node.flushSlowdown = 1;
  }),

  /** `flip g1 n1 3`: a bit of the record of slot 3. */
  flip: ({ cluster }, [group = "", name = "", slot = ""]) => {
    cluster.hurt.add(name);
    const flipped = cluster.node(name).logDisk.flipBit(group, Number(slot), 300);
    return flipped ? undefined : "there is no such record";
  },
};

function manifestsText({ stateDisk }: SimulatedNode): string {
  const manifests = [...stateDisk.contents().manifests];
  return manifests.map(([group, bytes]) => `${group} ${Buffer.from(bytes).toString("hex")}`).join();
}

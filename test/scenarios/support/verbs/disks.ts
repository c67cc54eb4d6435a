/** What disks lose, and how they fail. */
import { each, type Verbs } from "./verb.ts";

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

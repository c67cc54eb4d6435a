/** What happens to a node's disks. Faults that no restart mends strike a minority only: more cannot be survived. */
import { between, type Fault } from "./stage.ts";

export const storageFaults = {
  "failed flush": ({ victim }) => {
    victim.logDisk.faults.failNextFlush = true;
    return true;
  },

  "full disk": ({ victim }) => {
    victim.stateDisk.fault = "full disk";
    return true;
  },

  "slow disk": ({ victim, randomness }) => {
    victim.flushSlowdown = between(randomness, 10, 200);
    return true;
  },

  "lost log": ({ victim, cluster, randomness }) => {
    if (!cluster.mayHurt(victim)) return false;
    cluster.hurt.add(victim.name);
    victim.losePower(randomness);
    victim.loseLog(randomness.chance(0.5));
    return true;
  },

  "lost state": ({ victim, cluster, randomness }) => {
    if (!cluster.mayHurt(victim)) return false;
    cluster.hurt.add(victim.name);
    victim.losePower(randomness);
    victim.stateDisk.lose();
    return true;
  },

  "flipped bit in the log": ({ victim, cluster, randomness }) => {
    if (!cluster.mayHurt(victim)) return false;
    const groups = [...victim.logDisk.groups];
    const [name, stored] = groups[randomness.below(groups.length)] ?? [];
    const slots = [...(stored?.records.keys() ?? [])];
    const slot = slots[randomness.below(slots.length)];
    if (name === undefined || slot === undefined) return false;
    cluster.hurt.add(victim.name);
    if (randomness.chance(0.5)) victim.losePower(randomness);
    return victim.logDisk.flipBit(name, slot, randomness.below(8 * 64));
  },

  "flipped bit in the state": ({ victim, cluster, randomness }) => {
    if (!cluster.mayHurt(victim)) return false;
    if (randomness.chance(0.5)) victim.losePower(randomness);
    if (!victim.stateDisk.flipBit(randomness)) return false;
    cluster.hurt.add(victim.name);
    return true;
  },
} as const satisfies Record<string, Fault>;

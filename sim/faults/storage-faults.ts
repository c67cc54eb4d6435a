/** What happens to a node's disks. Faults that no restart mends strike a minority only: more cannot be survived. */
import { flushFailures } from "../../infra/log-store/simulated-log-store.ts";
import type { SeededRandomness } from "../../infra/randomness/seeded-randomness.ts";
import type { SimulatedNode } from "../simulated-node.ts";
import { between, startLater, type Fault, type Stage } from "./stage.ts";

const stateFailures = ["fsync error", "poisoned fsync", "rejected write"] as const;
/** Damage that nobody reads again does no harm. */
const replayedChance = 0.6;
/** What flips in records lies within so many of their bytes, or wraps around to their beginning. */
const recordBytes = 600;
const flipsMax = 6;
/** How often it is looked whether a fault has been met. */
const lookMs = 10;

interface StoredSlots {
  readonly group: string;
  readonly slots: readonly number[];
}

/** Slots of one group that the victim's log holds, ascending: often those alone that its next start replays. */
function storedSlots({ cluster, victim, randomness }: Stage): StoredSlots | undefined {
  const groups = [...victim.logDisk.groups].filter(([, { records }]) => records.size > 0);
  const [group, stored] = groups[randomness.below(Math.max(1, groups.length))] ?? [];
  if (group === undefined || stored === undefined) return undefined;
  const slots = [...stored.records.keys()].toSorted((left, right) => left - right);
  if (!randomness.chance(replayedChance)) return { group, slots };
  const checkpoint = cluster.progress.checkpointThrough(victim.name, group);
  const replayed = slots.filter((slot) => slot > checkpoint);
  return { group, slots: replayed.length > 0 ? replayed : slots };
}

function anyOf(slots: readonly number[], randomness: SeededRandomness): number {
  return slots[randomness.below(slots.length)] ?? 0;
}

/** Every other node has made durable that it met this start of the victim, or a later one. */
function isKnownToAll({ cluster, others }: Stage, member: number, incarnation: number): boolean {
  return others.every((name) => {
    const met = cluster.node(name).logDisk.peers.get(member);
    return met !== undefined && met.incarnation >= incarnation;
  });
}

function hurt({ cluster }: Stage, { name }: SimulatedNode): void {
  cluster.hurt.add(name);
}

/** A node that writes nothing meets nothing: it strikes when a flush has failed. */
function strikesWhenFlushed({ cluster, victim, strikes }: Stage): boolean {
  const { logDisk } = victim;
  if (!logDisk.failed) cluster.sequels.once(lookMs, () => logDisk.failed, strikes);
  return false;
}

export const storageFaults = {
  "failed flush": (stage) => {
    const { victim, randomness } = stage;
    victim.logDisk.faults.failNextFlush = true;
    victim.logDisk.faults.failure = flushFailures[randomness.below(flushFailures.length)];
    return strikesWhenFlushed(stage);
  },

  /** What is read again after the failure, and may yet be lost, is lost or not before anybody flushed it. */
  "failed flush and power loss": (stage) => {
    const { victim, cluster, randomness } = stage;
    victim.logDisk.faults.failNextFlush = true;
    victim.logDisk.faults.failure = "visible";
    cluster.sequels.once(
      2,
      () => victim.logDisk.failed,
      () => {
        victim.losePower(randomness);
        startLater(stage, victim, between(randomness, 1, 100));
        stage.strikes();
      },
    );
    return false;
  },

  "full disk": ({ victim }) => {
    victim.stateDisk.fault = "full disk";
    return true;
  },

  "full log disk": (stage) => {
    stage.victim.logDisk.faults.full = true;
    return strikesWhenFlushed(stage);
  },

  "failed write of state": ({ victim, randomness }) => {
    const failure = stateFailures[randomness.below(stateFailures.length)];
    if (failure !== undefined) victim.stateDisk.fault = failure;
    return true;
  },

  "slow disk": ({ victim, randomness }) => {
    victim.flushSlowdown = between(randomness, 10, 200);
    return true;
  },

  "slow disks": ({ cluster, randomness }) => {
    for (const node of cluster.nodes.values()) node.flushSlowdown = between(randomness, 1, 60);
    return true;
  },

  "lost log": (stage) => {
    const { victim, cluster, randomness } = stage;
    if (!cluster.mayHurt(victim)) return false;
    hurt(stage, victim);
    victim.losePower(randomness);
    victim.loseLog(randomness.chance(0.5));
    return true;
  },

  "lost state": (stage) => {
    const { victim, cluster, randomness } = stage;
    if (!cluster.mayHurt(victim)) return false;
    hurt(stage, victim);
    victim.losePower(randomness);
    victim.stateDisk.lose();
    return true;
  },

  /** The directory is emptied, with or without the identity file in it. */
  reformat: (stage) => {
    const { victim, cluster, randomness } = stage;
    if (!cluster.mayHurt(victim)) return false;
    hurt(stage, victim);
    victim.losePower(randomness);
    victim.loseLog(randomness.chance(0.5));
    victim.stateDisk.lose();
    return true;
  },

  /**
   * A backup of the whole disk is put back, older than a start that all the others have met. Nobody can tell that a
   * backup of the last start was put back: the operator's handbook forbids both.
   */
  "restored store": (stage) => {
    const { victim, cluster, randomness } = stage;
    const member = victim.logDisk.identity?.member;
    if (!cluster.mayHurt(victim) || !victim.running || member === undefined) return false;
    const backup = victim.copyDisks();
    victim.losePower(randomness);
    startLater(stage, victim, between(randomness, 1, 50));
    cluster.sequels.once(
      lookMs,
      () => isKnownToAll(stage, member, (backup.log.identity?.incarnation ?? 0) + 1),
      () => {
        if (!cluster.mayHurt(victim)) return;
        hurt(stage, victim);
        victim.restoreDisks(backup);
        // It may be beyond every start that was met by the time somebody hears of it.
        for (let starts = randomness.below(4); starts > 0; starts -= 1) {
          victim.start();
          victim.kill();
        }
        startLater(stage, victim, between(randomness, 1, 50));
        stage.strikes();
      },
    );
    return false;
  },

  "flipped bit in the log": (stage) => {
    const { victim, cluster, randomness } = stage;
    const stored = storedSlots(stage);
    if (!cluster.mayHurt(victim) || stored === undefined) return false;
    hurt(stage, victim);
    if (randomness.chance(0.5)) victim.losePower(randomness);
    const { group, slots } = stored;
    // Anywhere in the record: what is in its first bytes counts for less than what it says.
    const flips = Array.from({ length: 1 + randomness.below(flipsMax) }, () =>
      victim.logDisk.flipBit(group, anyOf(slots, randomness), randomness.below(8 * recordBytes)),
    );
    return flips.includes(true);
  },

  "misplaced record": (stage) => {
    const { victim, cluster, randomness } = stage;
    const stored = storedSlots(stage);
    if (!cluster.mayHurt(victim) || stored === undefined || stored.slots.length < 2) return false;
    hurt(stage, victim);
    if (randomness.chance(0.5)) victim.losePower(randomness);
    const { group, slots } = stored;
    const from = randomness.below(slots.length);
    const step = 1 + randomness.below(slots.length - 1);
    const to = (from + step) % slots.length;
    return victim.logDisk.misplaceRecord(
      group,
      slots[from] ?? 0,
      slots[to] ?? 0,
      randomness.chance(0.5),
    );
  },

  "flipped bit in the state": (stage) => {
    const { victim, cluster, randomness } = stage;
    if (!cluster.mayHurt(victim)) return false;
    if (randomness.chance(0.5)) victim.losePower(randomness);
    // Where one bit went others do too, and most blocks are never read again.
    const flips = Array.from({ length: 1 + randomness.below(flipsMax) }, () =>
      victim.stateDisk.flipBit(randomness),
    );
    if (!flips.includes(true)) return false;
    hurt(stage, victim);
    return true;
  },

  "misplaced block": (stage) => {
    const { victim, cluster, randomness } = stage;
    if (!cluster.mayHurt(victim)) return false;
    if (randomness.chance(0.5)) victim.losePower(randomness);
    if (!victim.stateDisk.misplaceBlock(randomness)) return false;
    hurt(stage, victim);
    return true;
  },
} as const satisfies Record<string, Fault>;

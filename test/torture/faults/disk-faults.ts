/** What happens to disks and clocks, by way of the preloaded library. */
import type { SeededRandomness } from "../../../infra/randomness/seeded-randomness.ts";
import { pause } from "../workload/recorder.ts";
import { between, type Fault, type Stage } from "./stage.ts";

const slowMs = { min: 5, max: 150 };
/** A disk may have carried out any part of what it was not told to save. */
const keptChance = 0.5;
/** Disks that are slow for a moment before the power fails have more to lose: the window is wide open then. */
const slowBeforeMs = 400;
const servingMsMax = 3_000;
const underLoadMs = 300;
const lookMs = 20;

/** Either nothing that was not flushed is there, or any part of it. */
function keeps(randomness: SeededRandomness): () => boolean {
  const keepsSome = randomness.chance(0.5);
  return () => randomness.chance(keptChance) && keepsSome;
}

/** There is more to lose while clients are being answered; they are not for long after most other faults. */
async function whileServing({ cluster }: Stage): Promise<void> {
  const untilMs = performance.now() + servingMsMax;
  while (!cluster.serving && performance.now() < untilMs) await pause(lookMs);
  await pause(underLoadMs);
}

async function slowForAMoment({ cluster, randomness }: Stage): Promise<void> {
  const delayMs = Math.round(between(randomness, slowMs.min, slowMs.max));
  if (randomness.chance(0.5)) return;
  for (const node of cluster.nodes) node.disk.delayFlushes(delayMs);
  await pause(slowBeforeMs);
}

function losePower({ randomness }: Stage, node: Stage["victim"]): string {
  const { undoneWrites, keptWrites } = node.losePower(keeps(randomness));
  return `${node.name} (${undoneWrites} writes undone, ${keptWrites} kept)`;
}

export const diskFaults = {
  "slow disk": {
    needsLibrary: true,
    strike: ({ victim, randomness }) => {
      if (!victim.running) return undefined;
      const delayMs = Math.round(between(randomness, slowMs.min, slowMs.max));
      victim.disk.delayFlushes(delayMs);
      return `${victim.name}, ${delayMs} ms`;
    },
  },

  "slow disks": {
    needsLibrary: true,
    strike: ({ cluster, randomness }) => {
      if (!cluster.nodes.some(({ running }) => running)) return undefined;
      const delayMs = Math.round(between(randomness, slowMs.min, slowMs.max));
      for (const node of cluster.nodes) node.disk.delayFlushes(delayMs);
      return `${delayMs} ms`;
    },
  },

  "failed flush": {
    needsLibrary: true,
    strike: ({ victim }) => {
      if (!victim.running || victim.diskFailed) return undefined;
      victim.failDisk();
      return victim.name;
    },
  },

  "power failure": {
    needsLibrary: true,
    strike: async (stage) => {
      const { victim } = stage;
      if (!victim.running) return undefined;
      await whileServing(stage);
      await slowForAMoment(stage);
      await victim.kill();
      return losePower(stage, victim);
    },
  },

  "power failure of all": {
    needsLibrary: true,
    strike: async (stage) => {
      const { nodes } = stage.cluster;
      if (!nodes.some(({ running }) => running)) return undefined;
      await whileServing(stage);
      await slowForAMoment(stage);
      await Promise.all(nodes.map((node) => node.kill()));
      return nodes.map((node) => losePower(stage, node)).join(", ");
    },
  },

  "clock jump": {
    needsLibrary: true,
    strike: ({ victim, randomness }) => {
      if (!victim.running) return undefined;
      const byMs = Math.round(between(randomness, -2_000, 2_000));
      victim.disk.jumpClock(byMs);
      return `${victim.name}, ${byMs} ms`;
    },
  },

  /** One clock alone must not move a group's time. */
  "clock a day ahead": {
    needsLibrary: true,
    strike: ({ cluster, victim }) => {
      if (!victim.running || cluster.nodes.some(({ disk }) => disk.isDayAhead)) return undefined;
      victim.disk.setDayAhead(true);
      return victim.name;
    },
  },
} as const satisfies Record<string, Fault>;

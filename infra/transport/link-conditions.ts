/** How well a simulated link carries messages, and what becomes of each message under these conditions. */
import type { SeededRandomness } from "../randomness/seeded-randomness.ts";

export interface LinkConditions {
  /** Every message takes at least this long. */
  readonly delayMsMin: number;
  /** Mean of what is added to that, exponentially distributed. */
  readonly delayMsMean: number;
  /** Share of messages that take much longer: up to `slowMsMax`, evenly distributed. */
  readonly slowChance: number;
  readonly slowMsMax: number;
  readonly lossChance: number;
  /** Only messages between nodes are ever duplicated; the second copy comes up to `slowMsMax` later. */
  readonly duplicateChance: number;
  /** Share of messages that may overtake earlier ones of their link, which otherwise keep their order. */
  readonly overtakeChance: number;
}

/** One broker on a quiet machine: everything arrives, in order, within a fraction of a millisecond. */
export const calmConditions: LinkConditions = {
  delayMsMin: 0.05,
  delayMsMean: 0.05,
  slowChance: 0,
  slowMsMax: 1_000,
  lossChance: 0,
  duplicateChance: 0,
  overtakeChance: 0,
};

export interface Fate {
  lost: boolean;
  slow: boolean;
  overtakes: boolean;
  duplicated: boolean;
  delayMs: number;
  /** The second copy's own delay: up to `slowMsMax`, because an old copy tries the protocol harder than a fresh one. */
  duplicateDelayMs: number;
}

/**
 * Draws fates from one stream for each kind of fault, always one from each, so that a kind that is switched off
 * leaves the other kinds' decisions as they were.
 */
export class Fates {
  readonly #delay: SeededRandomness;
  readonly #slow: SeededRandomness;
  readonly #loss: SeededRandomness;
  readonly #duplication: SeededRandomness;
  readonly #overtaking: SeededRandomness;
  readonly #fate: Fate = {
    lost: false,
    slow: false,
    overtakes: false,
    duplicated: false,
    delayMs: 0,
    duplicateDelayMs: 0,
  };

  constructor(randomness: SeededRandomness) {
    this.#delay = randomness.split("delay");
    this.#slow = randomness.split("slow");
    this.#loss = randomness.split("loss");
    this.#duplication = randomness.split("duplication");
    this.#overtaking = randomness.split("overtaking");
  }

  /** Valid until the next call. */
  draw(conditions: LinkConditions): Fate {
    const fate = this.#fate;
    const slowness = this.#slow.fraction();
    fate.slow = this.#slow.chance(conditions.slowChance);
    fate.delayMs = ordinaryDelayMs(conditions, this.#delay.fraction());
    if (fate.slow) fate.delayMs += slowness * conditions.slowMsMax;
    fate.lost = this.#loss.chance(conditions.lossChance);
    fate.overtakes = this.#overtaking.chance(conditions.overtakeChance);
    fate.duplicated = this.#duplication.chance(conditions.duplicateChance);
    fate.duplicateDelayMs = this.#duplication.fraction() * conditions.slowMsMax;
    return fate;
  }
}

function ordinaryDelayMs(conditions: LinkConditions, fraction: number): number {
  return conditions.delayMsMin - conditions.delayMsMean * Math.log(1 - fraction);
}

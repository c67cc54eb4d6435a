/**
 * Clients work on a few keys at a time, so that they meet, and go on to others together before the history of any key
 * becomes too long to be searched for an explanation.
 */
import { internalKeyOf } from "../../../infra/codec/key-text.ts";
import type { SeededRandomness } from "../../../infra/randomness/seeded-randomness.ts";
import { operationKind } from "../../../kv/commands/operation.ts";
import type { Revision } from "../../../kv/revision.ts";
import { Operations, type Drawn } from "../../../sim/workload/operations.ts";

/** On both sides of the bounds of regions. */
const letters = ["a", "b", "h", "i", "k", "m", "q", "r", "t", "z"];
const operationsPerWindow = 1_000;
/** Ranges over several letters touch the keys of all windows before: most are cut to one key and what lies beside it. */
const wideDeletionChance = 0.1;

export class KeyWindows {
  #drawn = 0;

  note(): void {
    this.#drawn += 1;
  }

  get current(): number {
    return Math.floor(this.#drawn / operationsPerWindow);
  }
}

/** What one client does next. */
export class Draws {
  readonly #owner: string;
  readonly #windows: KeyWindows;
  readonly #randomness: SeededRandomness;
  /** The newest revision met of each key. */
  readonly #revisions = new Map<string, Revision>();
  #window = -1;
  #operations: Operations | undefined;

  constructor(owner: string, windows: KeyWindows, randomness: SeededRandomness) {
    this.#owner = owner;
    this.#windows = windows;
    this.#randomness = randomness;
  }

  get revisions(): Map<string, Revision> {
    return this.#revisions;
  }

  next(): Drawn {
    const { current } = this.#windows;
    if (this.#operations === undefined || this.#window !== current) {
      this.#window = current;
      this.#revisions.clear();
      const keys = letters.map((letter) => internalKeyOf("default", `${letter}${current}`));
      const own = this.#randomness.split(`window ${current}`);
      // Counts values from 1 in every window: the owner's name tells them apart.
      const owner = `${this.#owner}.${current}`;
      this.#operations = new Operations(owner, keys, own, this.#revisions);
    }
    this.#windows.note();
    const drawn = this.#operations.next();
    const { operation } = drawn;
    if (operation.kind !== operationKind.deleteRange) return drawn;
    if (this.#randomness.chance(wideDeletionChance)) {
      return { ...drawn, operation: { ...operation, limit: 1 + (operation.limit % 2) } };
    }
    return { ...drawn, operation: { ...operation, end: `${operation.start}\xff` } };
  }
}

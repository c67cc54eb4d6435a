/** What a feed told while history was read, in bounded memory. */
import type { FeedPosition } from "./feed-entry.ts";
import type { WatchLimits } from "./limits.ts";
import { bytesOf, type WatchedChange } from "./watched-change.ts";

/** One entry, or several in a row, as far as one part of a watch is concerned. */
export interface Step extends FeedPosition {
  readonly changes: readonly WatchedChange[];
}

export class HeldSteps {
  readonly #limits: Pick<WatchLimits, "heldChangesMax" | "heldBytesMax">;
  /** In the order in which they came; one that continues the last is joined with it. */
  #steps: { slot: number; previousSlot: number; resolved: number; changes: WatchedChange[] }[] = [];
  #bytes = 0;
  /** Changes and steps. */
  #weight = 0;

  constructor(limits: Pick<WatchLimits, "heldChangesMax" | "heldBytesMax">) {
    this.#limits = limits;
  }

  get isEmpty(): boolean {
    return this.#steps.length === 0;
  }

  /** False, keeping nothing of it, when there is no room. */
  add({ slot, previousSlot, resolved, changes }: Step): boolean {
    const bytes = changes.reduce((sum, change) => sum + bytesOf(change), 0);
    const { heldChangesMax, heldBytesMax } = this.#limits;
    const weight = this.#weight + changes.length + 1;
    if (weight > heldChangesMax || this.#bytes + bytes > heldBytesMax) return false;
    this.#bytes += bytes;
    this.#weight += changes.length;
    const last = this.#steps.at(-1);
    if (last !== undefined && slot > last.slot && previousSlot <= last.slot) {
      last.slot = slot;
      last.resolved = resolved;
      last.changes.push(...changes);
    } else {
      this.#steps.push({ slot, previousSlot, resolved, changes: [...changes] });
      this.#weight++;
    }
    return true;
  }

  /** By slot. */
  takeAll(): readonly Step[] {
    const steps = this.#steps.sort((left, right) => left.slot - right.slot);
    this.clear();
    return steps;
  }

  clear(): void {
    this.#steps = [];
    this.#bytes = 0;
    this.#weight = 0;
  }
}

/**
 * Lets every forwarded frame in once. Between nodes a message may arrive twice, and late: a copy that came after its
 * first was refused could still be proposed, although the client was told that this attempt was not executed.
 */
import type { DropCounts } from "../drop-counts.ts";

interface Seen {
  readonly start: number;
  highest: number;
}

export class ForwardedOnce {
  readonly #drops: DropCounts;
  /** By the sender's member id: its newest start, and the highest number that came from it. */
  readonly #seen = new Map<number, Seen>();

  constructor(drops: DropCounts) {
    this.#drops = drops;
  }

  /** False for what was let in before, and for what was overtaken: a lost frame is sent again by its client. */
  admits(
    { member, start }: { readonly member: number; readonly start: number },
    number: number,
  ): boolean {
    const seen = this.#seen.get(member);
    if (seen === undefined || seen.start !== start) {
      this.#seen.set(member, { start, highest: number });
      return true;
    }
    if (number <= seen.highest) {
      this.#drops.count("a forwarded frame's copy, or one that was overtaken");
      return false;
    }
    seen.highest = number;
    return true;
  }
}

/** A set of voters of one epoch. */
import type { MemberId } from "./ballot.ts";
import { memberIndex, type Configuration } from "./configuration.ts";

/**
 * Votes are sets of member ids, never counts of messages: a repeated vote adds nothing, a stranger's vote is
 * not taken. Kept as a bit per member.
 */
export class Votes {
  readonly #configuration: Configuration;
  #bits = 0;
  #size = 0;

  constructor(configuration: Configuration) {
    this.#configuration = configuration;
  }

  /** False when the vote changes nothing. */
  add(member: MemberId): boolean {
    const index = memberIndex(this.#configuration, member);
    if (index < 0 || (this.#bits & (1 << index)) !== 0) return false;
    this.#bits |= 1 << index;
    this.#size += 1;
    return true;
  }

  has(member: MemberId): boolean {
    const index = memberIndex(this.#configuration, member);
    return index >= 0 && (this.#bits & (1 << index)) !== 0;
  }

  get size(): number {
    return this.#size;
  }
}

/** Counts how often somebody else, or somebody anew, came to lead a group. */
import { ballotText, compareBallots, type Ballot } from "../../../machines/ballot.ts";

export class Reigns {
  readonly #newest: Map<string, Ballot | undefined>;
  #changes = 0;

  constructor(groups: readonly string[]) {
    this.#newest = new Map(groups.map((group) => [group, undefined]));
  }

  /** After each group's first leader. */
  get changes(): number {
    return this.#changes;
  }

  /** Ballots of nodes that say that they lead the group. */
  note(group: string, ballots: readonly Ballot[]): void {
    for (const ballot of ballots) {
      const newest = this.#newest.get(group);
      if (newest !== undefined && compareBallots(ballot, newest) <= 0) continue;
      if (newest !== undefined) this.#changes += 1;
      this.#newest.set(group, ballot);
    }
  }

  toString(): string {
    return [...this.#newest]
      .map(([group, ballot]) => `${group} ${ballot === undefined ? "-" : ballotText(ballot)}`)
      .join(", ");
  }
}

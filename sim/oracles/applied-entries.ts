/**
 * Looks at every entry the moment a replica applies it: it is chosen, it follows the one before, and every replica that
 * applies it comes to the same state, which owns the same keys.
 */
import type { ReplicaState } from "../../kv/replica-state.ts";
import { Violation } from "../violation.ts";

export class AppliedEntries {
  readonly #isChosen: (group: string, slot: number) => boolean;
  /** By group, and then by slot: the checksum of the first replica that came there. */
  readonly #checksums = new Map<string, number[]>();
  /** The last slot applied since its start, by replica. */
  readonly #appliedThrough = new Map<string, number>();
  /** Entries that a second replica applied like the first. */
  compared = 0;

  constructor(isChosen: (group: string, slot: number) => boolean) {
    this.#isChosen = isChosen;
  }

  /** Behind the entry, while nothing else has happened. */
  note(
    node: string,
    group: string,
    state: Pick<ReplicaState, "appliedThrough" | "checksum">,
  ): void {
    const { slot, value } = state.checksum;
    const replica = `${node}/${group}`;
    const before = this.#appliedThrough.get(replica);
    this.#appliedThrough.set(replica, slot);
    if (slot !== state.appliedThrough || (before !== undefined && slot !== before + 1)) {
      const text = `${replica} applied slot ${slot} behind slot ${before}`;
      throw new Violation("entries are applied in order", text);
    }
    if (!this.#isChosen(group, slot)) {
      const text = `${replica} applied slot ${slot} before anything was chosen for it`;
      throw new Violation("only what is chosen is applied", text);
    }
    this.#compare(replica, group, slot, value);
  }

  /** The replica is started anew: it begins again from its checkpoint. */
  noteStart(node: string, group: string): void {
    this.#appliedThrough.delete(`${node}/${group}`);
  }

  #compare(replica: string, group: string, slot: number, checksum: number): void {
    let checksums = this.#checksums.get(group);
    if (checksums === undefined) {
      checksums = [];
      this.#checksums.set(group, checksums);
    }
    const known = checksums[slot];
    if (known === undefined) {
      checksums[slot] = checksum;
    } else if (known === checksum) {
      this.compared += 1;
    } else {
      const text = `${replica} has another state behind slot ${slot} than the first that applied it`;
      throw new Violation("replicas apply alike", text);
    }
  }
}

/** Finds the state checksum most members agree on, so that a replica that computed another one can be stopped. */
import type { MemberId, Slot } from "../ballot.ts";
import type { Configuration } from "../configuration.ts";

export class ChecksumTally {
  readonly #configuration: Configuration;
  readonly #latest = new Map<MemberId, { readonly slot: Slot; readonly checksum: number }>();
  #agreed: { readonly slot: Slot; readonly checksum: number } = { slot: 0, checksum: 0 };

  constructor(configuration: Configuration) {
    this.#configuration = configuration;
  }

  /** The newest slot whose checksum a majority of the members reported alike; slot 0 = none yet. */
  get agreed(): { readonly slot: Slot; readonly checksum: number } {
    return this.#agreed;
  }

  report(member: MemberId, slot: Slot, checksum: number): void {
    if (slot <= this.#agreed.slot) return;
    this.#latest.set(member, { slot, checksum });
    let alike = 0;
    for (const latest of this.#latest.values()) {
      if (latest.slot === slot && latest.checksum === checksum) alike += 1;
    }
    if (alike > this.#configuration.members.length / 2) this.#agreed = { slot, checksum };
  }
}

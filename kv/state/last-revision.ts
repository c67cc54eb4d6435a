/** A group's only time (replicated state): what was last assigned or seen. */
import type { Revision } from "../revision.ts";

export class LastRevision {
  /** Never decreases. Every revision ever assigned in the group is at or below it. */
  #value: Revision;

  constructor(value: Revision) {
    this.#value = value;
  }

  get value(): Revision {
    return this.#value;
  }

  /** Stamps need no order: an older one changes nothing. */
  raiseTo(stamp: Revision): void {
    if (stamp > this.#value) this.#value = stamp;
  }

  /** The revision of the next atomic unit. */
  take(): Revision {
    return ++this.#value;
  }
}

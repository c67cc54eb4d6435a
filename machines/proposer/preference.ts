/** The member the topology lists first is to lead: whoever leads instead gives way to it once it has kept up. */
import type { MemberId } from "../ballot.ts";
import type { Member } from "../configuration.ts";
import { present } from "../invariant.ts";

/** A preferred leader has kept up for this long before it is given the lead. */
const stableMs = 2_000;
/** After a transfer that did not come about, the next one waits. */
const retryMs = 15_000;

type KeepsUp = (member: MemberId) => boolean;

export class Preference {
  readonly #preferred: Member | undefined;
  /** Another member than this one is preferred. */
  readonly isAnothers: boolean;
  /** Since when the preferred member has kept up at every look. */
  #sinceMs: number | undefined;
  #notBeforeMs = 0;

  constructor(members: readonly Member[], self: MemberId) {
    this.#preferred = members[0];
    this.isAnothers = this.#preferred !== undefined && this.#preferred.member !== self;
  }

  look(keepsUp: KeepsUp, nowMs: number): void {
    if (!this.isAnothers || this.#preferred === undefined) return;
    if (keepsUp(this.#preferred.member)) this.#sinceMs ??= nowMs;
    else this.#sinceMs = undefined;
  }

  /** A new reign has to see for itself. */
  forget(): void {
    this.#sinceMs = undefined;
  }

  isReady(keepsUp: KeepsUp, nowMs: number): boolean {
    return (
      this.#preferred !== undefined &&
      this.#sinceMs !== undefined &&
      nowMs - this.#sinceMs >= stableMs &&
      nowMs >= this.#notBeforeMs &&
      keepsUp(this.#preferred.member)
    );
  }

  choose(nowMs: number): Member {
    this.#notBeforeMs = nowMs + retryMs;
    return present(this.#preferred, "a group has members");
  }
}

/** One ballot in power: from its phase 1 quorum until it is abandoned. */
import type { Ballot, Slot } from "../ballot.ts";
import type { Configuration } from "../configuration.ts";
import { present } from "../invariant.ts";
import { ChecksumTally } from "./checksum-tally.ts";
import { Lease } from "./lease.ts";
import { ProposalWindow } from "./proposal-window.ts";

export class Reign {
  readonly ballot: Ballot;
  readonly lease: Lease;
  readonly checksums: ChecksumTally;
  readonly startedMs: number;
  readonly #configuration: Configuration;
  #window: ProposalWindow | undefined;
  #firstReadSlot: Slot = Number.MAX_SAFE_INTEGER;

  constructor(configuration: Configuration, ballot: Ballot, startedMs: number) {
    this.#configuration = configuration;
    this.ballot = ballot;
    this.startedMs = startedMs;
    this.lease = new Lease(configuration);
    this.checksums = new ChecksumTally(configuration);
  }

  /** Proposing begins behind `chosenThrough`; reading once `firstReadSlot` is applied. */
  open(chosenThrough: Slot, firstReadSlot: Slot): void {
    this.#window = new ProposalWindow(this.#configuration, this.ballot, chosenThrough);
    this.#firstReadSlot = firstReadSlot;
  }

  get opened(): boolean {
    return this.#window !== undefined;
  }

  get window(): ProposalWindow {
    return present(this.#window, "the leader has taken over");
  }

  /** The commit index covers everything that was ever answered for before this reign. */
  get isComplete(): boolean {
    return this.#window !== undefined && this.#window.commitIndex >= this.#firstReadSlot;
  }

  /** The no-op behind everything an earlier leader may have answered for. */
  get firstReadSlot(): Slot {
    return this.#firstReadSlot;
  }
}

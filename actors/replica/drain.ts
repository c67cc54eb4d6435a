/** The orderly end of a replica: the lead goes to another member, then a last checkpoint is written. */
import type { Proposer } from "../../machines/proposer/proposer-memory.ts";

export interface DrainOptions {
  readonly proposer: Proposer;
  readonly leads: () => boolean;
  readonly appliedThrough: () => number;
  readonly checkpointThrough: () => number;
  /** Nothing is written as long as there is no applied state. */
  readonly needsSnapshot: () => boolean;
  readonly transferTo: (member: number) => void;
  readonly checkpointNow: () => void;
  /** Called once. */
  readonly drained: () => void;
}

export class Drain {
  readonly #options: DrainOptions;
  #begun = false;
  #ended = false;
  /** What the last checkpoint has to contain; undefined until this replica has stopped leading. */
  #target: number | undefined;

  constructor(options: DrainOptions) {
    this.#options = options;
  }

  /** A replica that has stopped has nothing left to hand over or to write. */
  begin(stopped: boolean): void {
    if (this.#begun) return;
    this.#begun = true;
    if (stopped) return this.#end();
    const { leads, transferTo } = this.#options;
    const successor = this.#successor();
    if (leads() && successor !== undefined) transferTo(successor);
    if (!leads()) this.#finish();
  }

  /** This replica serves no longer. */
  ledNoMore(): void {
    if (this.#begun) this.#finish();
  }

  checkpointed(): void {
    if (this.#target !== undefined) this.#finish();
  }

  /** The member that is nearest to taking over, going by what it acknowledged last. */
  #successor(): number | undefined {
    const { self, configuration, serving } = this.#options.proposer;
    let best: { readonly member: number; readonly applied: number } | undefined;
    for (const { member } of configuration.members) {
      const acknowledgement = serving?.lease.acknowledgement(member);
      if (member === self.member || acknowledgement === undefined) continue;
      if (best === undefined || acknowledgement.appliedThrough > best.applied) {
        best = { member, applied: acknowledgement.appliedThrough };
      }
    }
    return best?.member;
  }

  #finish(): void {
    const { appliedThrough, checkpointThrough, needsSnapshot, checkpointNow } = this.#options;
    this.#target ??= appliedThrough();
    if (checkpointThrough() >= this.#target || needsSnapshot()) this.#end();
    else checkpointNow();
  }

  #end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#options.drained();
  }
}

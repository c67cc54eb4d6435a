/** What a replica may do at this moment, and what those are told who want more of it. */
import type { ReplicaStatus } from "../../infra/status/replica-status.ts";
import type { StopReason } from "../../infra/status/stop-reason.ts";
import type { Proposer } from "../../machines/proposer/proposer-memory.ts";

/** Why a frame cannot be taken now, and which node would be the better one to ask. */
export interface WhyNotLeading {
  readonly code: "NOT_LEADER" | "NO_QUORUM" | "UNAVAILABLE";
  readonly message: string;
  readonly hint: string | undefined;
}

export class Standing {
  readonly #group: string;
  readonly #node: string;
  readonly #proposer: Proposer;
  /** The birth is complete and promises of before the start have run out. */
  voting = false;
  /** Applied state has caught up with what was durable at the start. */
  ready = false;
  /** Applied state is gone and no log brings it back: such a replica votes, but neither leads nor answers. */
  needsSnapshot = false;
  /** Set once: nothing is answered any more from then on. */
  stopReason: StopReason | undefined;

  constructor(group: string, node: string, proposer: Proposer) {
    this.#group = group;
    this.#node = node;
    this.#proposer = proposer;
  }

  /** Only a member that votes and has applied state may lead. */
  get mayLead(): boolean {
    return this.voting && this.ready;
  }

  get leads(): boolean {
    return this.stopReason === undefined && this.#proposer.serving !== undefined;
  }

  /** The node that leads as far as this replica knows, itself included; one that has stopped knows nothing new. */
  get leader(): string | undefined {
    return this.stopReason === undefined ? this.#proposer.hint : undefined;
  }

  /** No leader is known, and too few members answer to elect one. */
  get lacksQuorum(): boolean {
    return this.stopReason === undefined && this.#proposer.lacksQuorum;
  }

  get whyNotLeading(): WhyNotLeading {
    if (this.stopReason !== undefined) {
      const { code, text } = this.stopReason;
      const message = `the replica of ${this.#group} on ${this.#node} has stopped: ${code}: ${text}`;
      return { code: "UNAVAILABLE", message, hint: undefined };
    }
    if (this.lacksQuorum) {
      const message = `too few members of group ${this.#group} answer to elect a leader`;
      return { code: "NO_QUORUM", message, hint: undefined };
    }
    const { leader } = this;
    if (leader === undefined || leader === this.#node) {
      const message = `group ${this.#group} has no leader at this moment`;
      return { code: "NOT_LEADER", message, hint: undefined };
    }
    const message = `node ${this.#node} does not lead group ${this.#group}; ${leader} does`;
    return { code: "NOT_LEADER", message, hint: leader };
  }

  /** Why applied state may not be shown, not even as an old one; undefined when it may. */
  get whyNotReadable(): string | undefined {
    if (this.stopReason !== undefined) return this.whyNotLeading.message;
    if (this.ready && !this.needsSnapshot) return undefined;
    return `the replica of ${this.#group} on ${this.#node} has no applied state yet`;
  }

  /** `campaigning`: the proposer's chart is past waiting for a leader. */
  role(campaigning: boolean): ReplicaStatus["role"] {
    if (this.stopReason !== undefined) return "stopped";
    if (this.leads) return "leader";
    if (this.needsSnapshot) return "needs snapshot";
    if (!this.ready) return "recovering";
    return campaigning ? "candidate" : "follower";
  }
}

/**
 * In the calm each member accepts what a leader proposes, at once, because it was sent it: not because it noticed later
 * that something was missing, and asked. A quorum does without the others, so nothing else would show that one of them is
 * forgotten; every entry would be late there, and a quorum without it one member smaller than it seems.
 */
import type { PeerMessage } from "../../infra/codec/peer-codec.ts";
import { sameBallot, type Ballot, type Slot } from "../../machines/ballot.ts";
import type { Calm } from "../calm.ts";
import { Violation } from "../violation.ts";

/**
 * Members that are not needed are sent entries 10 ms late; ways and disks take less than two more. Short of the 100 ms
 * after which heartbeats tell them what they lack.
 */
const lateMs = 50;

interface Proposal {
  readonly group: string;
  readonly slot: Slot;
  readonly ballot: Ballot;
  readonly sentMs: number;
  /** The calm in which it was sent. */
  readonly calmSinceMs: number | undefined;
  /** Members that have not accepted it yet. */
  readonly missing: Set<string>;
}

export class PromptAcceptances {
  readonly #calm: Pick<Calm, "sinceMs" | "isSettled">;
  readonly #voters: (group: string) => readonly string[] | undefined;
  /** In the order of their times. */
  readonly #open = new Map<string, Proposal>();
  /** The newest that was sent, by group: what is sent again is not sent to all. */
  readonly #newest = new Map<string, { readonly ballot: Ballot; readonly slot: Slot }>();
  /** Entries that all other members accepted in time. */
  complete = 0;

  /** `voters`: the members that have to accept; undefined where some cannot that could do so before. */
  constructor(
    calm: Pick<Calm, "sinceMs" | "isSettled">,
    voters: (group: string) => readonly string[] | undefined,
  ) {
    this.#calm = calm;
    this.#voters = voters;
  }

  noteSent(node: string, group: string, message: PeerMessage, nowMs: number): void {
    if (this.#open.size > 0) this.#requireInTime(nowMs);
    if (message.type === "accept") this.#propose(node, group, message, nowMs);
    else if (message.type === "accepted" && this.#open.size > 0) {
      for (const slot of message.slots) this.#accept(node, group, slot, message.ballot);
    }
  }

  #propose(
    leader: string,
    group: string,
    { ballot, slot }: { readonly ballot: Ballot; readonly slot: Slot },
    nowMs: number,
  ): void {
    const newest = this.#newest.get(group);
    if (newest !== undefined && sameBallot(newest.ballot, ballot) && slot <= newest.slot) return;
    this.#newest.set(group, { ballot, slot });
    if (!this.#calm.isSettled(nowMs)) return;
    const voters = this.#voters(group)?.filter((node) => node !== leader) ?? [];
    if (voters.length === 0) return;
    this.#open.set(`${group} ${slot}`, {
      group,
      slot,
      ballot,
      sentMs: nowMs,
      calmSinceMs: this.#calm.sinceMs,
      missing: new Set(voters),
    });
  }

  #accept(node: string, group: string, slot: Slot, ballot: Ballot): void {
    const key = `${group} ${slot}`;
    const proposal = this.#open.get(key);
    if (proposal === undefined || !sameBallot(proposal.ballot, ballot)) return;
    proposal.missing.delete(node);
    if (proposal.missing.size > 0) return;
    this.#open.delete(key);
    this.complete += 1;
  }

  #requireInTime(nowMs: number): void {
    for (const [key, proposal] of this.#open) {
      const { group, slot, sentMs, calmSinceMs, missing } = proposal;
      if (nowMs <= sentMs + lateMs) return;
      this.#open.delete(key);
      if (calmSinceMs !== this.#calm.sinceMs) continue;
      const text = `${[...missing].join(" and ")} had not accepted slot ${slot} of ${group} ${lateMs} ms after it was proposed, without a fault`;
      throw new Violation("all accept while nothing is wrong", text, {
        group,
        slots: [slot],
        fromMs: sentMs,
        throughMs: nowMs,
      });
    }
  }
}

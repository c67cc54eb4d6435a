/** Holds every promise and every acceptance that leaves a node against what that node's disk certainly keeps. */
import type { PeerMessage } from "../../infra/codec/peer-codec.ts";
import { ballotText, compareBallots, noBallot, type Ballot } from "../../machines/ballot.ts";
import type { LogAppend } from "../../machines/record.ts";
import { Violation } from "../violation.ts";
import type { ChosenValues } from "./chosen-values.ts";

export class PersistThenSend {
  /** Highest ballot each node's disk has followed, by node and group: promises never go back. */
  readonly #followed = new Map<string, Ballot>();
  readonly #chosen: Pick<ChosenValues, "chosenAt" | "hasAccepted">;
  /** Messages held against a disk so far. */
  checked = 0;

  constructor(chosen: Pick<ChosenValues, "chosenAt" | "hasAccepted">) {
    this.#chosen = chosen;
  }

  noteDurable(node: string, group: string, change: LogAppend): void {
    const key = `${node}/${group}`;
    const ballots = (change.records ?? []).map(({ ballot }) => ballot);
    if (change.promise !== undefined) {
      const before = this.#followed.get(key) ?? noBallot;
      if (compareBallots(change.promise, before) < 0) {
        const text = `${key} fell back from ${ballotText(before)} to ${ballotText(change.promise)}`;
        throw new Violation("promises never go back", text);
      }
      ballots.push(change.promise);
    }
    for (const ballot of ballots) {
      const before = this.#followed.get(key) ?? noBallot;
      if (compareBallots(ballot, before) > 0) this.#followed.set(key, ballot);
    }
  }

  noteSent(node: string, group: string, message: PeerMessage): void {
    if (message.type === "promised") {
      this.checked += 1;
      const followed = this.#followed.get(`${node}/${group}`) ?? noBallot;
      if (compareBallots(followed, message.ballot) < 0) {
        const text = `${node} promised ${ballotText(message.ballot)} in ${group} before it was durable`;
        throw new Violation("persist, then send", text);
      }
    }
    if (message.type === "accepted") {
      this.checked += 1;
      for (const slot of message.slots) this.#checkAccepted(node, group, slot, message.ballot);
    }
  }

  #checkAccepted(node: string, group: string, slot: number, ballot: Ballot): void {
    // A vote for what is chosen already decides nothing, so it may leave at once.
    if (this.#chosen.chosenAt(group, slot) !== undefined) return;
    // A record of an earlier ballot is not what the vote is for.
    if (this.#chosen.hasAccepted(node, group, slot, ballot)) return;
    const text = `${node} accepted slot ${slot} of ${group} at ${ballotText(ballot)} before it was durable`;
    throw new Violation("persist, then send", text);
  }
}

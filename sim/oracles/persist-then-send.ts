/** Holds every promise and every acceptance that leaves a node against what that node's disk certainly keeps. */
import type { PeerMessage } from "../../infra/codec/peer-codec.ts";
import type { SimulatedLogDisk } from "../../infra/log-store/simulated-log-store.ts";
import { ballotText, compareBallots, noBallot, type Ballot } from "../../machines/ballot.ts";
import type { LogAppend } from "../../machines/record.ts";
import { Violation } from "../violation.ts";

export class PersistThenSend {
  /** Highest ballot each node's disk has followed, by node and group: promises never go back. */
  readonly #followed = new Map<string, Ballot>();
  readonly #isChosen: (group: string, slot: number) => boolean;
  /** Messages held against a disk so far. */
  checked = 0;

  constructor(isChosen: (group: string, slot: number) => boolean) {
    this.#isChosen = isChosen;
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

  /** The node's disk was emptied: what it remembered is gone with it. */
  forget(node: string): void {
    for (const key of this.#followed.keys()) {
      if (key.startsWith(`${node}/`)) this.#followed.delete(key);
    }
  }

  noteSent(node: string, disk: SimulatedLogDisk, group: string, message: PeerMessage): void {
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
      for (const slot of message.slots)
        this.#checkAccepted(node, disk, group, slot, message.ballot);
    }
  }

  #checkAccepted(
    node: string,
    disk: SimulatedLogDisk,
    group: string,
    slot: number,
    ballot: Ballot,
  ): void {
    const stored = disk.group(group);
    // A vote for what is chosen already decides nothing, so it may leave at once; and what was trimmed was chosen.
    if (stored.records.has(slot) || slot <= stored.head.trimmedThrough) return;
    if (this.#isChosen(group, slot)) return;
    const text = `${node} accepted slot ${slot} of ${group} at ${ballotText(ballot)} before it was durable`;
    throw new Violation("persist, then send", text);
  }
}

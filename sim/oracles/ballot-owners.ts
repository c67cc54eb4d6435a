/** A ballot belongs to one start of one store: whoever restarts continues none from before. */
import type { Envelope, PeerMessage } from "../../infra/codec/peer-codec.ts";
import { ballotText } from "../../machines/ballot.ts";
import { Violation } from "../violation.ts";

export class BallotOwners {
  /** The start that used a ballot, by group and ballot. */
  readonly #starts = new Map<string, number>();

  /** Ballots that were used at all. */
  get size(): number {
    return this.#starts.size;
  }

  noteSent(node: string, { group, member, start }: Envelope, message: PeerMessage): void {
    const { type } = message;
    if (type !== "prepare" && type !== "accept" && type !== "heartbeat") return;
    const ballot = `${group} ${ballotText(message.ballot)}`;
    const owner = this.#starts.get(ballot);
    if (owner === undefined) this.#starts.set(ballot, start);
    if (message.ballot.member === member && (owner ?? start) === start) return;
    const text = `${node} sent ${type} at ${ballot}, which is another start's`;
    throw new Violation("a ballot belongs to one start", text);
  }
}

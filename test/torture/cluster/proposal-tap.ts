/**
 * Every proposal that reached any node, taken from the wire. What is chosen in a slot was accepted by somebody beside
 * its leader, so its proposal was on the wire; and whoever proposes at a later ballot proposes the same again (Paxos
 * Made Simple 2.2). So the proposal of the highest ballot is what was chosen, if anything was: a whole log, although
 * nodes trim theirs.
 */
import { decodePeerMessage } from "../../../infra/codec/peer-codec.ts";
import { compareBallots, ballotText } from "../../../machines/ballot.ts";
import { sameEntry, type LogRecord } from "../../../machines/record.ts";
import { Violation } from "../../../sim/violation.ts";

export class ProposalTap {
  readonly #proposals = new Map<string, Map<number, LogRecord>>();
  #violation: Violation | undefined;
  #heard = 0;

  get heard(): number {
    return this.#heard;
  }

  /** Of one ballot and slot there were two values. */
  get violation(): Violation | undefined {
    return this.#violation;
  }

  /** `payload` is a message between nodes. */
  note(payload: Uint8Array): void {
    const { envelope, message } = decodePeerMessage(payload);
    if (message.type !== "accept") return;
    this.#heard += 1;
    const { ballot, slot } = message;
    let group = this.#proposals.get(envelope.group);
    if (group === undefined) {
      group = new Map();
      this.#proposals.set(envelope.group, group);
    }
    const before = group.get(slot);
    const order = before === undefined ? 1 : compareBallots(ballot, before.ballot);
    if (order > 0) {
      const entry = Uint8Array.from(message.entry);
      group.set(slot, { epoch: ballot.epoch, slot, ballot, entry });
    } else if (order === 0 && before !== undefined && !sameEntry(before.entry, message.entry)) {
      const text = `${envelope.group} slot ${slot} at ${ballotText(ballot)}`;
      this.#violation ??= new Violation("a ballot proposes one value", text);
    }
  }

  /** From slot 1 through the given one, all of which are chosen. */
  entries(group: string, through: number): readonly Uint8Array[] {
    const proposals = this.#proposals.get(group);
    return Array.from({ length: through }, (_, index) => {
      const proposal = proposals?.get(index + 1);
      if (proposal !== undefined) return proposal.entry;
      const text = `slot ${index + 1} of ${group} was applied, and nobody had proposed anything in it`;
      throw new Violation("what is chosen was proposed", text);
    });
  }
}

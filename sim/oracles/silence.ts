/**
 * Who may not speak: a node whose disk failed says nothing that rests on it, a store that lost its log is no voter,
 * and a replica without applied state neither leads nor answers.
 */
import type { PeerMessage } from "../../infra/codec/peer-codec.ts";
import { ReplyDecoder } from "../../infra/codec/reply-codec.ts";
import { replyKind } from "../../infra/codec/formats.ts";
import type { SimulatedNode } from "../simulated-node.ts";
import { Violation } from "../violation.ts";

const votes = new Set<PeerMessage["type"]>([
  "preVoted",
  "promised",
  "accepted",
  "heartbeatAcked",
  "learned",
]);
const leads = new Set<PeerMessage["type"]>(["preVote", "prepare", "accept", "heartbeat"]);

export class Silence {
  readonly #decoder = new ReplyDecoder();

  noteSent(node: SimulatedNode, group: string, { type }: PeerMessage): void {
    if (!votes.has(type) && !leads.has(type)) return;
    this.#requireWorkingDisk(node, type);
    if (node.lostLog) {
      throw new Violation("a lost store never votes", `${node.name} sent ${type} in ${group}`);
    }
    if (leads.has(type) && needsSnapshot(node, group)) {
      const text = `${node.name} sent ${type} in ${group} without applied state`;
      throw new Violation("without state nobody leads", text);
    }
  }

  /** What goes to clients: only answers of executed frames count, refusals may always be said. */
  noteReply(node: SimulatedNode, payload: Uint8Array): void {
    if (isRawAnswer(payload)) {
      this.#requireWorkingDisk(node, "a raw answer");
      if (node.lostLog) {
        throw new Violation("without state nobody answers", `${node.name} acknowledged a write`);
      }
      return;
    }
    if (!isFrameReply(payload)) return;
    const reply = this.#decoder.decode(payload);
    if (reply.kind !== replyKind.executed) return;
    this.#requireWorkingDisk(node, "an answer");
    if (node.lostLog || needsSnapshot(node, reply.group)) {
      const text = `${node.name} answered for ${reply.group} without applied state`;
      throw new Violation("without state nobody answers", text);
    }
  }

  #requireWorkingDisk({ name, logDisk }: SimulatedNode, what: string): void {
    if (!logDisk.failed) return;
    throw new Violation("a failed disk silences its node", `${name} sent ${what}`);
  }
}

/** An array of eight or nine that begins with two small numbers: nothing else that a node says begins like that. */
function isFrameReply(payload: Uint8Array): boolean {
  const [length = 0, , kind = 0xff] = payload;
  return (length === 0x98 || length === 0x99) && kind < 0x80;
}

/** Of a write that was executed: nothing else that a node says begins like that. */
function isRawAnswer(payload: Uint8Array): boolean {
  return Buffer.from(payload.subarray(0, rawAnswer.length)).equals(rawAnswer);
}

const rawAnswer = Buffer.from('{"revision":');

function needsSnapshot({ host }: SimulatedNode, group: string): boolean {
  return host?.replica(group)?.needsSnapshot === true;
}

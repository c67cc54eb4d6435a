/**
 * Who waits for which writing frame on this node. Answers are matched by the frame's identity, session and number, and
 * come only from applied entries: what this node answers is true whoever leads by then.
 */
import type { ReplyEncoder, RefusedReply } from "../../infra/codec/reply-codec.ts";
import { replyKind } from "../../infra/codec/formats.ts";
import type { WriteEnvelope } from "../../infra/codec/request-envelope.ts";
import { errorTable, type ErrorCode, type Outcome } from "../../infra/errors/error-table.ts";
import type { Frame, FrameOutcome } from "../../kv/frame.ts";

/** Sends bytes to a client's reply subject. */
export type Deliver = (reply: string, bytes: Uint8Array) => void;

interface Awaited {
  readonly number: number;
  /** The newest request's reply subject. */
  reply: string;
  /** The frame is in a proposed entry: from here on only the log knows its outcome. */
  proposed: boolean;
}

type FrameIdentity = Pick<WriteEnvelope, "session" | "number">;

export class Answers {
  readonly #group: string;
  readonly #encoder: ReplyEncoder;
  readonly #deliver: Deliver;
  readonly #awaited = new Map<string, Awaited>();

  constructor(group: string, encoder: ReplyEncoder, deliver: Deliver) {
    this.#group = group;
    this.#encoder = encoder;
    this.#deliver = deliver;
  }

  get size(): number {
    return this.#awaited.size;
  }

  /** False when the frame is already on its way: the answer will go to the newer reply subject. */
  expect(frame: FrameIdentity, reply: string): boolean {
    const key = keyOf(frame);
    const awaited = this.#awaited.get(key);
    if (awaited !== undefined) {
      awaited.reply = reply;
      return false;
    }
    this.#awaited.set(key, { number: frame.number, reply, proposed: false });
    return true;
  }

  noteProposed(frame: FrameIdentity): void {
    const awaited = this.#awaited.get(keyOf(frame));
    if (awaited !== undefined) awaited.proposed = true;
  }

  /** The frame's entry was applied. */
  applied(frame: Frame, outcome: FrameOutcome): void {
    const key = keyOf(frame);
    const awaited = this.#awaited.get(key);
    if (awaited === undefined) return;
    this.#awaited.delete(key);
    if (outcome.refused) {
      const { code, message } = outcome;
      return this.refuse(awaited.reply, awaited.number, code, message);
    }
    const { number, slot, index, lastRevision, results } = outcome;
    const group = this.#group;
    const answer = { number, group, slot, index, lastRevision, asOf: 0, results };
    this.#deliver(awaited.reply, this.#encoder.encode({ kind: replyKind.executed, ...answer }));
  }

  /** What was never proposed is certainly not executed by this attempt. */
  refuseUnproposed(code: ErrorCode, message: string, hint: string | undefined): void {
    for (const [key, { reply, number, proposed }] of this.#awaited) {
      if (proposed) continue;
      this.#awaited.delete(key);
      this.refuse(reply, number, code, message, hint);
    }
  }

  /** What was proposed may be chosen by another leader, or never. */
  abandonProposed(message: string, hint: string | undefined): void {
    for (const [key, { reply, number, proposed }] of this.#awaited) {
      if (!proposed) continue;
      this.#awaited.delete(key);
      this.refuse(reply, number, "LEADERSHIP_LOST", message, hint);
    }
  }

  refuse(
    reply: string,
    number: number,
    code: ErrorCode,
    message: string,
    hint?: string,
    outcome: Outcome = errorTable[code].outcome,
  ): void {
    const refusal: RefusedReply = {
      kind: replyKind.refused,
      number,
      group: this.#group,
      code,
      message,
      outcome,
      hint,
    };
    this.#deliver(reply, this.#encoder.encode(refusal));
  }
}

/** Session ids are 16 characters, so that the number behind them is unambiguous. */
function keyOf({ session, number }: FrameIdentity): string {
  return session + number;
}

/** Says the answers to frames: the encoded replies that client libraries wait for. */
import { replyKind } from "../../infra/codec/formats.ts";
import type { ExecutedReply, RefusedReply, ReplyEncoder } from "../../infra/codec/reply-codec.ts";
import { errorTable, type ErrorCode } from "../../infra/errors/error-table.ts";
import type { Waiter } from "./answers.ts";
import type { Reader } from "./reads.ts";

/** Sends bytes to a client's reply subject, at the end of the turn or at once. */
export type Deliver = (reply: string, bytes: Uint8Array, atOnce?: boolean) => void;

export class FrameReplies {
  readonly #group: string;
  readonly #encoder: ReplyEncoder;
  readonly #deliver: Deliver;

  constructor(group: string, encoder: ReplyEncoder, deliver: Deliver) {
    this.#group = group;
    this.#encoder = encoder;
    this.#deliver = deliver;
  }

  refuse(reply: string, number: number, code: ErrorCode, message: string, hint?: string): void {
    const kind = replyKind.refused;
    const { outcome } = errorTable[code];
    const group = this.#group;
    const refusal: RefusedReply = { kind, number, group, code, message, outcome, hint };
    this.#deliver(reply, this.#encoder.encode(refusal));
  }

  /** For a writing frame. */
  waiter(reply: string, number: number): Waiter {
    return {
      executed: ({ slot, index, lastRevision, results }) =>
        this.#executed(reply, { number, slot, index, lastRevision, asOf: 0, results }),
      refused: ({ code, message, hint }) => this.refuse(reply, number, code, message, hint),
    };
  }

  /** For a reading frame. */
  reader(reply: string, number: number): Reader {
    return {
      // Another frame of reads may be in the same turn: whoever waits for this one goes on meanwhile.
      read: (reading) =>
        this.#deliver(reply, this.#encoder.encodeReading(number, this.#group, reading), true),
      refused: ({ code, message, hint }) => this.refuse(reply, number, code, message, hint),
    };
  }

  #executed(
    reply: string,
    { number, slot, index, lastRevision, asOf, results }: Omit<ExecutedReply, "kind" | "group">,
  ): void {
    const answer = { number, group: this.#group, slot, index, lastRevision, asOf, results };
    this.#deliver(reply, this.#encoder.encode({ kind: replyKind.executed, ...answer }));
  }
}

/** Replies: encoded by nodes, decoded by clients. */
import type { OperationResult } from "../../kv/commands/result.ts";
import type { FrameOutcome } from "../../kv/frame.ts";
import type { Revision } from "../../kv/revision.ts";
import { errorTable, isErrorCode, type ErrorCode, type Outcome } from "../errors/error-table.ts";
import { nameBytesMax, replyKind, replyVersion } from "./formats.ts";
import { malformed, problemOf } from "./malformed.ts";
import { MsgpackReader } from "./msgpack-reader.ts";
import { MsgpackWriter } from "./msgpack-writer.ts";
import { readResults, writeResult, writeResults } from "./result-codec.ts";

/** The frame was executed, now or before; some of its operations may still have failed. */
export interface ExecutedReply {
  readonly kind: typeof replyKind.executed;
  readonly number: number;
  readonly group: string;
  /** Where in the group's log the answer was decided; with `behindAllFrames` as index, what a read saw applied. */
  readonly slot: number;
  readonly index: number;
  readonly lastRevision: Revision;
  /** A leader's stamp that the answer is not older than; 0 = none is known. */
  readonly asOf: Revision;
  readonly results: readonly OperationResult[];
}

export interface RefusedReply {
  readonly kind: typeof replyKind.refused;
  readonly number: number;
  readonly group: string;
  readonly code: ErrorCode;
  readonly message: string;
  readonly outcome: Outcome;
  /** With `NOT_LEADER`: the node to try; otherwise undefined. */
  readonly hint: string | undefined;
}

export type Reply = ExecutedReply | RefusedReply;

/** What was read, and of which state, before it is a reply. */
export interface ReadResults extends Pick<
  ExecutedReply,
  "slot" | "index" | "lastRevision" | "asOf"
> {
  readonly count: number;
  /** Tells each of them, in order. */
  each(told: (result: OperationResult) => void): void;
}

/** Not a reply, and why. */
export interface NoReply {
  readonly kind: "malformed";
  readonly problem: string;
}

const outcomes: readonly Outcome[] = ["not executed", "unknown"];
const messageBytesMax = 64 * 1024;

export class ReplyEncoder {
  readonly #writer = new MsgpackWriter();

  /** The message is the caller's to keep. */
  encode(reply: Reply): Uint8Array {
    const writer = this.#writer;
    writer.array(reply.kind === replyKind.executed ? 9 : 8);
    writer.integer(replyVersion);
    writer.integer(reply.kind);
    writer.integer(reply.number);
    writer.text(reply.group);
    if (reply.kind === replyKind.executed) this.#executed(reply);
    else this.#refused(reply);
    return writer.finish();
  }

  /** As `encode` of a reply whose results are read one by one. What `each` throws is let through. */
  encodeReading(number: number, group: string, reading: ReadResults): Uint8Array {
    const writer = this.#writer;
    const { slot, index, lastRevision, asOf, count } = reading;
    writer.array(9);
    writer.integer(replyVersion);
    writer.integer(replyKind.executed);
    writer.integer(number);
    writer.text(group);
    writer.integer(slot);
    writer.integer(index);
    writer.integer(lastRevision);
    writer.integer(asOf);
    writer.array(count);
    try {
      reading.each((result) => writeResult(writer, result));
    } catch (failure) {
      writer.discard();
      throw failure;
    }
    return writer.finish();
  }

  /** The reply to a frame that went through the log. */
  encodeOutcome(group: string, outcome: FrameOutcome, asOf: Revision): Uint8Array {
    const { number } = outcome;
    if (outcome.refused) {
      const { code, message } = outcome;
      const meaning = errorTable[code].outcome;
      const kind = replyKind.refused;
      return this.encode({ kind, number, group, code, message, outcome: meaning, hint: undefined });
    }
    const { slot, index, lastRevision, results } = outcome;
    const kind = replyKind.executed;
    return this.encode({ kind, number, group, slot, index, lastRevision, asOf, results });
  }

  #executed({ slot, index, lastRevision, asOf, results }: ExecutedReply): void {
    const writer = this.#writer;
    writer.integer(slot);
    writer.integer(index);
    writer.integer(lastRevision);
    writer.integer(asOf);
    writeResults(writer, results);
  }

  #refused({ code, message, outcome, hint }: RefusedReply): void {
    const writer = this.#writer;
    writer.text(code);
    writer.text(message);
    writer.integer(outcomes.indexOf(outcome));
    if (hint === undefined) writer.nil();
    else writer.text(hint);
  }
}

export class ReplyDecoder {
  readonly #reader = new MsgpackReader();

  /** Values in the results are windows onto `reply`. */
  decode(reply: Uint8Array): Reply | NoReply {
    const reader = this.#reader;
    try {
      reader.reset(reply);
      const length = reader.arrayLength();
      const version = reader.integer();
      if (version !== replyVersion) throw malformed(`reply version ${version}`);
      const kind = reader.integer();
      const number = reader.unsigned();
      const group = reader.text(nameBytesMax);
      const decoded =
        kind === replyKind.executed && length === 9
          ? this.#executed(number, group, reply)
          : this.#refused(kind, length, number, group);
      reader.finish();
      return decoded;
    } catch (thrown) {
      return { kind: "malformed", problem: problemOf(thrown) };
    }
  }

  #executed(number: number, group: string, reply: Uint8Array): ExecutedReply {
    const reader = this.#reader;
    const slot = reader.unsigned();
    const index = reader.unsigned();
    const lastRevision = reader.unsigned();
    const asOf = reader.unsigned();
    const results = readResults(reader, reply);
    return { kind: replyKind.executed, number, group, slot, index, lastRevision, asOf, results };
  }

  #refused(kind: number, length: number, number: number, group: string): RefusedReply {
    if (kind !== replyKind.refused || length !== 8) {
      throw malformed(`reply kind ${kind} of ${length} elements`);
    }
    const reader = this.#reader;
    const code = reader.text(nameBytesMax);
    if (!isErrorCode(code)) throw malformed(`unknown code ${code}`);
    const message = reader.text(messageBytesMax);
    const outcome = outcomes[reader.integer()];
    if (outcome === undefined) throw malformed("unknown outcome");
    const hint = reader.skipNil() ? undefined : reader.text(nameBytesMax);
    return { kind: replyKind.refused, number, group, code, message, outcome, hint };
  }
}

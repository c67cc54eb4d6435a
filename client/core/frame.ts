/**
 * One frame under way: the very bytes that are sent until an answer ends it, and what is known of each attempt. Whether
 * a failing call may be called *not executed* is decided here.
 */
import { replyKind } from "../../infra/codec/formats.ts";
import type { RefusedReply } from "../../infra/codec/reply-codec.ts";
import type { Outcome } from "../../infra/errors/error-table.ts";
import type { Call } from "./call.ts";
import type { Correspondent, Inbox } from "./inbox.ts";
import type { Numbering } from "./numbering.ts";
import type { Refusal } from "./refusal.ts";
import type { Session } from "./sessions.ts";

/** Who decides what becomes of a frame. */
export interface FrameOwner {
  received(frame: Frame, attempt: number, payload: Uint8Array): void;
  /** A call of it was settled on its own: by its deadline, or by its caller. */
  callLeft(frame: Frame): void;
}

/** Where a writing frame's number belongs. */
export interface Numbered {
  readonly session: Session;
  readonly numbering: Numbering;
}

export class Frame implements Correspondent {
  readonly owner: FrameOwner;
  /** By operation; undefined where the caller does not wait any more. */
  readonly calls: (Call | undefined)[];
  /** Undefined for reads. */
  readonly numbered: Numbered | undefined;
  readonly number: number;
  /** Every attempt sends these very bytes: nodes tell a repetition from another request by them. */
  readonly bytes: Uint8Array;
  readonly ticket: number;
  /** The node of the newest attempt. */
  target = "";
  /** When to try again; undefined while the newest attempt is unanswered. */
  resumeAtMs: number | undefined = 0;
  /** It was answered or given up. */
  ended = false;
  /** Pauses so far; they grow. */
  pauses = 0;
  /** Attempts in a row that nobody answered in time. */
  silences = 0;
  /** Attempts made at once after a refusal, since the last pause. */
  redirects = 0;
  /** The last word about it that explains why it is not executed. */
  refusal: Refusal | undefined = undefined;
  /** It waits for a leader to be known. */
  seeksLeader = false;
  /** Nobody knew who leads when the newest attempt left: it went to a node that was to pass it on, perhaps to the dead. */
  sentBlindly = false;
  /** A caller was told that its operation in here was not executed: so it must stay. */
  mustNotBeSent = false;
  #liveCalls: number;
  #attempts = 0;
  #sentMs = 0;
  /** Attempts that may have come to the log: all that were not certainly refused. */
  #open: number[] = [];
  /** An attempt ended in a way that only the log can clear up. */
  #lost = false;

  constructor(
    owner: FrameOwner,
    inbox: Inbox,
    calls: readonly Call[],
    encoded: { readonly number: number; readonly bytes: Uint8Array },
    numbered: Numbered | undefined,
  ) {
    this.owner = owner;
    this.calls = [...calls];
    this.numbered = numbered;
    this.number = encoded.number;
    this.bytes = encoded.bytes;
    this.ticket = inbox.open(this);
    this.#liveCalls = calls.length;
    for (let index = 0; index < calls.length; index++) {
      const call = calls[index] as Call;
      call.frame = this;
      call.indexInFrame = index;
    }
  }

  /** The newest attempt's number; 0 before the first. */
  get attempts(): number {
    return this.#attempts;
  }

  get sentMs(): number {
    return this.#sentMs;
  }

  get liveCalls(): number {
    return this.#liveCalls;
  }

  get isWaiting(): boolean {
    return this.resumeAtMs !== undefined;
  }

  /**
   * Of its operations, should they fail now. A read changes nothing. A write is certainly not executed only if every
   * attempt was refused before the log.
   */
  get outcome(): Outcome {
    const certain = this.numbered === undefined || (!this.#lost && this.#open.length === 0);
    return certain ? "not executed" : "unknown";
  }

  begin(target: string, nowMs: number): number {
    this.target = target;
    this.#sentMs = nowMs;
    this.resumeAtMs = undefined;
    this.seeksLeader = false;
    const attempt = ++this.#attempts;
    this.#open.push(attempt);
    return attempt;
  }

  /** What a refusal says about its attempt, and only about that one. */
  noteRefusal(attempt: number, reply: Pick<RefusedReply, "code" | "message" | "outcome">): void {
    this.noteReason(reply);
    this.silences = 0;
    // An expired session executed nothing now. What earlier attempts did it does not know.
    const certain = reply.outcome === "not executed" || reply.code === "SESSION_EXPIRED";
    if (certain) this.noteUnheard(attempt);
    else this.#lost = true;
  }

  /** What a node says of itself does not hide what is known of the whole group. */
  noteReason(refusal: Refusal): void {
    if (this.refusal?.code === "NO_QUORUM" && refusal.code === "UNAVAILABLE") return;
    this.refusal = refusal;
  }

  /** The attempt did not reach anybody. */
  noteUnheard(attempt: number): void {
    this.#open = this.#open.filter((open) => open !== attempt);
  }

  pauseUntil(resumeAtMs: number): void {
    this.resumeAtMs = resumeAtMs;
    this.redirects = 0;
  }

  /** The caller does not wait any more; its operation stays in the frame. */
  leave(call: Call): void {
    this.calls[call.indexInFrame] = undefined;
    call.frame = undefined;
    call.refusal = this.refusal ?? call.refusal;
    this.#liveCalls--;
  }

  /** Takes the waiting calls out of a frame that is over. */
  dissolve(): Call[] {
    const live = this.calls.filter((call) => call !== undefined);
    for (const call of live) this.leave(call);
    return live;
  }

  /** The reply names this frame. A node that could read no envelope names none. */
  isNamedBy(kind: number, number: number, group: string, ownGroup: string): boolean {
    if (number === this.number && group === ownGroup) return true;
    return kind === replyKind.refused && number === 0;
  }

  received(attempt: number, payload: Uint8Array): void {
    this.owner.received(this, attempt, payload);
  }
}

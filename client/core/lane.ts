/**
 * The way of one kind of frames to one store group. Calls that wait are put together into frames; a frame is sent, and
 * sent again, until it is answered or nobody waits for it any more.
 */
import { replyKind } from "../../infra/codec/formats.ts";
import type { ExecutedReply, RefusedReply, ReplyDecoder } from "../../infra/codec/reply-codec.ts";
import type { RequestEncoder } from "../../infra/codec/request-encoder.ts";
import type { Clock } from "../../infra/clock/clock.ts";
import type { WriteEnvelope } from "../../infra/codec/request-envelope.ts";
import { SynodError } from "../../infra/errors/synod-error.ts";
import type { Transport } from "../../infra/transport/transport.ts";
import { isFailure, type OperationResult } from "../../kv/commands/result.ts";
import type { Backoff } from "./backoff.ts";
import { CallQueue } from "./call-queue.ts";
import type { Call, Place, Request } from "./call.ts";
import type { ClientCounters } from "./counters.ts";
import { finallyRefused } from "./failures.ts";
import type { Frame, FrameOwner } from "./frame.ts";
import type { Inbox } from "./inbox.ts";
import { operationBytesMax, type ClientLimits } from "./limits.ts";
import type { Members } from "./members.ts";
import { reactionTo } from "./refusal.ts";
import { answers } from "./result-shape.ts";
import type { Session } from "./sessions.ts";

/** A writing frame and what it carries, as it was asked for. */
export type Framed = (frame: WriteEnvelope, operations: readonly Request[]) => void;

/** What lanes share, and whom they tell. */
export interface LaneHost {
  readonly framed: Framed;
  readonly transport: Transport;
  readonly clock: Clock;
  readonly limits: ClientLimits;
  readonly backoff: Backoff;
  readonly inbox: Inbox;
  readonly encoder: RequestEncoder;
  readonly decoder: ReplyDecoder;
  readonly counters: ClientCounters;
  readonly clusterId: () => string;
  readonly nodeSubject: (node: string) => string;
  readonly answered: (call: Call, result: OperationResult, place: Place) => void;
  readonly failed: (call: Call, failure: SynodError) => void;
  /** These were certainly not executed: they find their way by a newer route. */
  readonly routeAnew: (calls: readonly Call[]) => void;
  readonly wantRoute: () => void;
  readonly retireSession: (session: Session) => void;
  /** Calls `flush` in a later turn. */
  readonly flushSoon: (lane: Lane) => void;
}

/** Of the frame that would be opened next. */
export interface FrameSize {
  /** Calls that have to wait for it. */
  readonly callsMin: number;
  readonly callsMax: number;
}

/** An attempt that follows others without an answer waits longer, up to this many times as long. */
const patienceMax = 4;

export abstract class Lane implements FrameOwner {
  readonly group: string;
  /** It waits for its turn to flush; kept by whoever flushes. */
  flushPending = false;
  protected readonly host: LaneHost;
  protected readonly members: Members;
  readonly #queue = new CallQueue();
  /** Under way or pausing, in the order of their making. Replaced, not changed, when a frame ends. */
  #frames: Frame[] = [];
  /** When anybody last answered anything. */
  #heardMs = -Infinity;

  constructor(group: string, members: Members, host: LaneHost) {
    this.group = group;
    this.members = members;
    this.host = host;
  }

  get isIdle(): boolean {
    return this.#frames.length === 0 && this.#queue.isEmpty;
  }

  enqueue(call: Call): void {
    this.#queue.push(call);
    this.host.flushSoon(this);
  }

  /** Puts calls that were waiting before in front. */
  enqueueFirst(calls: readonly Call[]): void {
    this.#queue.pushFirst(calls);
    this.host.flushSoon(this);
  }

  /** Opens as many frames as may be under way, of reads one in a turn: so each leaves before the next is made. */
  flush(): void {
    while (this.#mayOpenFrame()) {
      const frame = this.makeFrame(() => this.#takeCalls());
      if (frame === undefined) return;
      this.#frames.push(frame);
      this.#send(frame);
      if (frame.numbered !== undefined) continue;
      if (this.#mayOpenFrame()) this.host.flushSoon(this);
      return;
    }
  }

  tick(nowMs: number): void {
    if (!this.host.transport.connected) return;
    for (const frame of this.#frames) {
      const isLost = this.members.leader === undefined && (frame.sentBlindly || frame.seeksLeader);
      if (isLost) this.host.wantRoute();
      if (frame.resumeAtMs === undefined) this.#tickUnanswered(frame, nowMs);
      else if (nowMs >= frame.resumeAtMs) this.#send(frame);
    }
  }

  /** What was under way when the connection broke will not be answered. */
  reconnected(): void {
    for (const frame of this.#frames) this.#send(frame);
    this.host.flushSoon(this);
  }

  /**
   * A leader is known: frames that look for one need not wait longer, nor need those that somebody was to pass on. If
   * these are on their way after all, the log knows them by their numbers.
   */
  leaderFound(): void {
    for (const frame of this.#frames) {
      const isElsewhere = frame.seeksLeader && frame.target !== this.members.leader;
      if (isElsewhere || (frame.sentBlindly && !frame.isWaiting)) this.#send(frame);
    }
  }

  callLeft(frame: Frame): void {
    if (frame.ended) return;
    if (frame.liveCalls === 0) return this.#end(frame);
    if (frame.numbered !== undefined && frame.outcome === "not executed") {
      frame.mustNotBeSent = true;
    }
  }

  received(frame: Frame, attempt: number, payload: Uint8Array): void {
    const { decoder, counters, clock } = this.host;
    if (payload.length === 0) return this.#unheard(frame, attempt);
    const reply = decoder.decode(payload);
    if (reply.kind === "malformed") {
      counters.malformedReplies++;
    } else if (!frame.isNamedBy(reply.kind, reply.number, reply.group, this.group)) {
      counters.strayReplies++;
    } else {
      this.#heardMs = clock.monotonicMs();
      if (reply.kind === replyKind.executed) this.#executed(frame, reply, payload.length);
      else this.#refused(frame, attempt, reply);
    }
  }

  /** How much one frame may weigh. */
  protected abstract get frameWeightMax(): number;
  /** How many calls have to wait before one more frame is opened, and how many it may have. */
  protected abstract nextFrame(waiting: number, underWay: number): FrameSize;
  /** Takes calls and makes a frame of them; undefined, taking none, while frames of this kind cannot be numbered. */
  protected abstract makeFrame(takeCalls: () => readonly Call[]): Frame | undefined;
  /** Only the leader can answer what this lane sends. */
  protected abstract get asksLeader(): boolean;
  /** Undefined when there is nobody to send to. */
  protected abstract chooseTarget(frame: Frame): string | undefined;
  /** The frame is over: nothing of it will be looked at again. */
  protected abstract frameEnded(frame: Frame): void;
  /** How long an answer was: the next frames are measured by it. */
  protected abstract noteAnswer(
    frame: Frame,
    results: readonly OperationResult[],
    bytes: number,
  ): void;

  /** Those who still wait go on in another frame: one for all who left meanwhile. */
  #replace(frame: Frame): void {
    const { pauses } = frame;
    const calls = this.#takeApart(frame);
    const replacement = this.makeFrame(() => calls);
    if (replacement === undefined) return this.enqueueFirst(calls);
    replacement.pauses = pauses;
    this.#frames.push(replacement);
    this.#send(replacement);
  }

  /** Ends a frame that was certainly not executed; its calls still wait. */
  #takeApart(frame: Frame): Call[] {
    const calls = frame.dissolve();
    this.#end(frame);
    for (const call of calls) call.standAlone();
    return calls;
  }

  #mayOpenFrame(): boolean {
    const { transport, limits } = this.host;
    if (!transport.connected || this.#queue.isEmpty) return false;
    if (this.#frames.length >= limits.framesInFlightMax) return false;
    return this.#queue.count >= this.#nextFrame().callsMin;
  }

  #nextFrame(): FrameSize {
    let underWay = 0;
    for (const { calls } of this.#frames) underWay += calls.length;
    return this.nextFrame(this.#queue.count, underWay);
  }

  #takeCalls(): Call[] {
    const { limits, transport } = this.host;
    const bytesMax = Math.min(
      limits.frameBytesTarget,
      operationBytesMax(transport.payloadBytesMax),
    );
    const weightMax = this.frameWeightMax;
    const { callsMax } = this.#nextFrame();
    const calls: Call[] = [];
    let bytes = 0;
    let weight = 0;
    for (let call = this.#queue.peek(); call !== undefined; call = this.#queue.peek()) {
      bytes += call.unitBytes;
      weight += call.unitWeight;
      // A unit of several weighs nothing behind its first: it is not torn apart.
      const isEnough = calls.length >= callsMax && call.unitWeight > 0;
      if (calls.length > 0 && (isEnough || bytes > bytesMax || weight > weightMax)) break;
      this.#queue.take();
      calls.push(call);
    }
    return calls;
  }

  #send(frame: Frame): void {
    // A caller that was told of one frame may have ended another.
    if (frame.ended) return;
    if (frame.mustNotBeSent && frame.outcome === "not executed") return this.#replace(frame);
    const { transport, clock, inbox, nodeSubject, counters } = this.host;
    const nowMs = clock.monotonicMs();
    const target = this.chooseTarget(frame);
    // A frame is not lost by waiting, and what was never sent was certainly not executed.
    if (!transport.connected || target === undefined) return frame.pauseUntil(nowMs);
    const attempt = frame.begin(target, nowMs);
    frame.sentBlindly = this.asksLeader && this.members.leader === undefined;
    counters.attempts++;
    try {
      const reply = inbox.replySubject(frame.ticket, attempt);
      transport.publish(nodeSubject(target), frame.bytes, { reply });
    } catch (thrown) {
      frame.noteUnheard(attempt);
      this.#giveUp(frame, asRefusal(thrown));
    }
  }

  #tickUnanswered(frame: Frame, nowMs: number): void {
    const { limits, counters } = this.host;
    const patience = Math.min(patienceMax, Math.max(1, frame.silences));
    if (nowMs - frame.sentMs < limits.attemptTimeoutMs * patience) return;
    frame.silences++;
    counters.unanswered++;
    if (this.#heardMs <= frame.sentMs) this.#suspectTarget(frame, nowMs);
    this.#send(frame);
  }

  #suspectTarget({ target, sentMs, sentBlindly }: Frame, nowMs: number): void {
    this.members.suspect(target, !sentBlindly, sentMs, nowMs);
    this.host.wantRoute();
  }

  #executed(frame: Frame, reply: ExecutedReply, bytes: number): void {
    const { results } = reply;
    const { host } = this;
    if (!answers(frame.calls, results)) {
      host.counters.malformedReplies++;
      return;
    }
    this.noteAnswer(frame, results, bytes);
    const { calls } = frame;
    const crowdedOut: Call[] = [];
    this.#end(frame);
    for (let at = 0; at < calls.length; at++) {
      const call = calls[at];
      if (call === undefined) continue;
      const result = results[at] as OperationResult;
      frame.leave(call);
      if (at > 0 && isTooLarge(result)) crowdedOut.push(call);
      else host.answered(call, result, reply);
    }
    this.#sendAgain(crowdedOut);
  }

  /** Their answers did not fit into one message behind the others': they were not executed. */
  #sendAgain(crowdedOut: readonly Call[]): void {
    if (crowdedOut.length === 0) return;
    const waiting = crowdedOut.filter(({ settled }) => !settled);
    for (const call of waiting) call.standAlone();
    this.enqueueFirst(waiting);
  }

  /** The NATS server says that nobody listens where the attempt was sent. */
  #unheard(frame: Frame, attempt: number): void {
    const { clock, counters } = this.host;
    counters.unheard++;
    frame.noteUnheard(attempt);
    if (attempt !== frame.attempts || frame.isWaiting) return;
    const missing = frame.sentBlindly ? "whoever should lead the group" : `node ${frame.target}`;
    frame.noteReason({ code: "UNAVAILABLE", message: `${missing} is not connected to NATS` });
    this.#suspectTarget(frame, clock.monotonicMs());
    this.#redirect(frame);
  }

  #refused(frame: Frame, attempt: number, reply: RefusedReply): void {
    const { counters, retireSession, wantRoute } = this.host;
    counters.refusals++;
    frame.noteRefusal(attempt, reply);
    if (attempt !== frame.attempts || frame.isWaiting) return;
    switch (reactionTo(reply.code)) {
      case "seek the leader":
        return this.#seekLeader(frame, reply.hint);
      case "slow down":
        return this.#pause(frame);
      case "ask another replica":
        return this.#redirect(frame);
      case "route anew":
        if (frame.outcome === "not executed") this.host.routeAnew(this.#takeApart(frame));
        else this.#pause(frame);
        return wantRoute();
      case "renew the session":
        if (frame.numbered !== undefined) retireSession(frame.numbered.session);
        if (frame.outcome === "unknown") return this.#giveUp(frame, reply);
        return this.enqueueFirst(this.#takeApart(frame));
      case "give up":
        return this.#giveUp(frame, reply);
    }
  }

  #seekLeader(frame: Frame, hint: string | undefined): void {
    if (hint !== undefined && hint !== frame.target && this.members.believe(hint)) {
      return this.#redirect(frame);
    }
    this.members.doubt(frame.target);
    frame.seeksLeader = true;
    this.host.wantRoute();
    this.#pause(frame);
  }

  /** Tries elsewhere at once, unless everybody has been tried since the last pause. */
  #redirect(frame: Frame): void {
    if (++frame.redirects >= Math.max(2, this.members.nodes.length)) return this.#pause(frame);
    this.#send(frame);
  }

  #pause(frame: Frame): void {
    const { clock, backoff } = this.host;
    frame.pauseUntil(clock.monotonicMs() + backoff.delayMs(++frame.pauses));
  }

  /** No further attempt can help. */
  #giveUp(frame: Frame, refusal: Pick<RefusedReply, "code" | "message">): void {
    const { outcome } = frame;
    const calls = frame.dissolve();
    this.#end(frame);
    for (const call of calls) this.host.failed(call, finallyRefused(call, refusal, outcome));
  }

  #end(frame: Frame): void {
    frame.ended = true;
    this.#frames = this.#frames.filter((other) => other !== frame);
    this.host.inbox.close(frame.ticket);
    this.frameEnded(frame);
    this.host.flushSoon(this);
  }
}

function isTooLarge(result: OperationResult): boolean {
  return isFailure(result) && result.code === "FRAME_TOO_LARGE";
}

function asRefusal(thrown: unknown): Pick<RefusedReply, "code" | "message"> {
  if (thrown instanceof SynodError) return thrown;
  throw thrown;
}

/**
 * The leader's queue of writing requests. Frames are kept as they came, put together into entries, and proposed as
 * soon as the window allows: a lone frame goes at once, under load an entry carries all that arrived meanwhile.
 */
import { bytesInEntry, encodeFramesEntry } from "../../infra/codec/entry-codec.ts";
import type { RawEnvelope, WriteEnvelope } from "../../infra/codec/request-envelope.ts";
import type { Clock } from "../../infra/clock/clock.ts";
import { kept, type RequestId, type SessionId } from "../../kv/frame.ts";
import { revisionAt, type Revision } from "../../kv/revision.ts";
import type { Answers, Awaited, Waiter } from "./answers.ts";
import type { FrameReplies } from "./frame-replies.ts";
import type { ReplicaLimits } from "./limits.ts";

export interface IntakeOptions {
  readonly clusterId: string;
  readonly clock: Clock;
  readonly limits: ReplicaLimits;
  readonly answers: Answers;
  readonly replies: FrameReplies;
  /** With a lease that holds at this moment. */
  readonly leads: () => boolean;
  /** Slots proposed and not chosen; undefined while this replica does not serve. */
  readonly inFlight: () => number | undefined;
  /** The leader's physical time, in Unix milliseconds; undefined while it does not know it. */
  readonly physicalMs: () => number | undefined;
  /** The group's time as the log has it: a session may always have been born before. */
  readonly lastRevision: () => Revision;
  readonly sessionCount: () => number;
  readonly knowsSession: (session: SessionId) => boolean;
  readonly refusesMessageId: (identity: RequestId) => boolean;
  /** Applied state cannot take more at the moment. */
  readonly saturated: () => boolean;
  readonly propose: (entries: readonly Uint8Array[]) => void;
}

interface Queued {
  readonly frame: Uint8Array;
  /** Whoever waits for its answer; undefined when nobody does. */
  readonly awaited: Awaited | undefined;
  /** It reached every node: proposed without a lease, it could be on its way twice. */
  readonly needsLease: boolean;
}

interface Problem {
  readonly code: "WRONG_CLUSTER" | "CLOCK_TOO_FAR_AHEAD" | "FRAME_TOO_LARGE" | "OVERLOADED";
  readonly message: string;
}

/** How far a client's time may lie ahead of the leader's. */
const clockAheadMsMax = 1_000;

export class Intake {
  readonly #options: IntakeOptions;
  #queue: Queued[] = [];
  #queuedBytes = 0;
  /** Of the queued ones. */
  #needingLease = 0;
  #flushScheduled = false;

  constructor(options: IntakeOptions) {
    this.#options = options;
  }

  get queuedFrames(): number {
    return this.#queue.length;
  }

  /** The frame's bytes must not change any more. */
  take(frame: Uint8Array, envelope: WriteEnvelope, reply: string): void {
    const { answers, replies } = this.#options;
    const { number } = envelope;
    const problem = this.#problemWithFrame(envelope) ?? this.#lackOfRoom(frame);
    if (problem !== undefined) return replies.refuse(reply, number, problem.code, problem.message);
    const awaited = answers.expectFrame(envelope, replies.waiter(reply, number));
    if (awaited !== undefined) this.#enqueue({ frame, awaited, needsLease: false });
  }

  /** A request without a session, already encoded; nobody waits for one that names no reply subject. */
  takeRequest(frame: Uint8Array, envelope: RawEnvelope, waiter: Waiter | undefined): void {
    const problem = this.#problemWithRequest(envelope) ?? this.#lackOfRoom(frame);
    if (problem !== undefined) return waiter?.refused({ ...problem, hint: undefined }, false);
    const awaited = waiter && this.#options.answers.expectRequest(envelope, waiter);
    if (waiter !== undefined && awaited === undefined) return;
    this.#needingLease += 1;
    this.#enqueue({ frame, awaited, needsLease: true });
  }

  /** A slot was chosen, or the time is known again: there may be room for the next. */
  roomMade(): void {
    if (this.#queue.length > 0) this.#flush();
  }

  /** Leadership ended: what was not proposed is not executed here. */
  clear(): void {
    this.#queue = [];
    this.#queuedBytes = 0;
    this.#needingLease = 0;
  }

  #enqueue(queued: Queued): void {
    this.#queue.push(queued);
    this.#queuedBytes += queued.frame.length;
    this.#scheduleFlush();
  }

  #problemWithFrame({ clusterId, born, number, session }: WriteEnvelope): Problem | undefined {
    const { limits, physicalMs, lastRevision, sessionCount, knowsSession } = this.#options;
    if (clusterId !== this.#options.clusterId) {
      return {
        code: "WRONG_CLUSTER",
        message: `frame ${number} is for cluster ${clusterId}, this is ${this.#options.clusterId}`,
      };
    }
    const nowMs = physicalMs() ?? this.#options.clock.wallMs();
    if (born > revisionAt(nowMs + clockAheadMsMax) && born > lastRevision()) {
      return {
        code: "CLOCK_TOO_FAR_AHEAD",
        message: `the session was born at ${born}, more than a second ahead of the group's time`,
      };
    }
    if (sessionCount() >= limits.sessionsMax && !knowsSession(session)) {
      return { code: "OVERLOADED", message: `${sessionCount()} sessions are open already` };
    }
    return undefined;
  }

  #problemWithRequest(envelope: RawEnvelope): Problem | undefined {
    const { kept: own, identity } = envelope;
    // Under a known one the first answer is given again, however many there are.
    if (own !== kept.message || !this.#options.refusesMessageId(identity)) return undefined;
    return { code: "OVERLOADED", message: "too many message ids are kept already" };
  }

  #lackOfRoom(frame: Uint8Array): Problem | undefined {
    const { limits, saturated } = this.#options;
    if (bytesInEntry(frame) > limits.entryBytesMax) {
      return {
        code: "FRAME_TOO_LARGE",
        message: `a frame of ${frame.length} bytes exceeds ${limits.entryBytesMax}`,
      };
    }
    if (
      this.#queue.length >= limits.queuedFramesMax ||
      this.#queuedBytes + frame.length > limits.queuedBytesMax
    ) {
      return {
        code: "OVERLOADED",
        message: `${this.#queue.length} frames of ${this.#queuedBytes} bytes are waiting already`,
      };
    }
    if (saturated()) {
      return { code: "OVERLOADED", message: "checkpoints cannot keep up with writes" };
    }
    return undefined;
  }

  /** In a later turn, so that everything one read of the socket brought goes into one entry. */
  #scheduleFlush(): void {
    if (this.#flushScheduled) return;
    this.#flushScheduled = true;
    this.#options.clock.defer(() => {
      this.#flushScheduled = false;
      this.#flush();
    });
  }

  #flush(): void {
    const { inFlight, limits, propose, physicalMs, leads } = this.#options;
    if (this.#needingLease > 0 && !leads()) return;
    const open = inFlight();
    const nowMs = physicalMs();
    // A stamp moves the group's time for good: without knowing the time it is better to wait for it.
    if (open === undefined || nowMs === undefined) return;
    const entries: Uint8Array[] = [];
    const stamp = revisionAt(nowMs);
    while (this.#queue.length > 0 && open + entries.length < limits.slotsInFlightMax) {
      entries.push(encodeFramesEntry(stamp, this.#nextBatch()));
    }
    if (entries.length > 0) propose(entries);
  }

  #nextBatch(): Uint8Array[] {
    const { limits } = this.#options;
    let bytes = 0;
    let count = 0;
    for (const { frame } of this.#queue) {
      bytes += bytesInEntry(frame);
      if (count > 0 && bytes > limits.entryBytesMax) break;
      count += 1;
    }
    const batch = this.#queue.splice(0, count);
    for (const { frame, awaited, needsLease } of batch) {
      this.#queuedBytes -= frame.length;
      if (needsLease) this.#needingLease -= 1;
      if (awaited !== undefined) awaited.proposed = true;
    }
    return batch.map(({ frame }) => frame);
  }
}

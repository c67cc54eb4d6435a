/**
 * The session table: what makes a frame take effect exactly once, however often it is sent. It lives in memory;
 * sessions that changed go into each checkpoint.
 */
import { invariant } from "../../machines/invariant.ts";
import type {
  ExecutedFrame,
  Frame,
  FrameOutcome,
  Logged,
  RefusedFrame,
  SessionId,
} from "../frame.ts";
import { expiriesPerEntryMax, sessionWindow } from "../limits.ts";
import type { RefusalCode } from "../refusal.ts";
import type { Revision } from "../revision.ts";
import { space, type StateReader } from "../state-reader.ts";
import { versionKind } from "../version.ts";
import { Session, sessionExpiry } from "./session.ts";
import { SessionCut } from "./session-cut.ts";
import { SessionQueue } from "./session-queue.ts";
import type { StateCodec } from "./state-codec.ts";

export class Sessions {
  readonly #codec: StateCodec;
  readonly #byId = new Map<SessionId, Session>();
  readonly #queue = new SessionQueue();
  /** What the next cut has to carry, each session once. */
  #changed: Session[] = [];
  #cut: SessionCut | undefined;

  constructor(checkpoint: StateReader, codec: StateCodec) {
    this.#codec = codec;
    const cells = checkpoint.scan(space.session, "", undefined, false);
    let previous: SessionId | undefined;
    for (let cell = cells.next(); cell !== undefined; cell = cells.next()) {
      const { source, start, end, kind } = cell.version;
      // Only the newest cell of a session counts; older ones may not have been merged away yet.
      if (cell.key !== previous && kind === versionKind.put) {
        this.#add(new Session(cell.key, codec.decodeSession(source, start, end)));
      }
      previous = cell.key;
    }
  }

  get count(): number {
    return this.#byId.size;
  }

  has(id: SessionId): boolean {
    return this.#byId.has(id);
  }

  /** The lowest revision at which a session expires; Infinity without sessions. */
  get nextExpiry(): Revision {
    const first = this.#queue.first;
    return first === undefined ? Infinity : sessionExpiry(first.born);
  }

  /**
   * Decides what becomes of a frame: its session when it is to be executed now, otherwise the answer. The order
   * of the questions is part of the protocol: an answer that exists is given, whatever else is wrong by then.
   */
  admit(frame: Frame, now: Revision): Session | FrameOutcome {
    const expired = now >= sessionExpiry(frame.born);
    const known = this.#byId.get(frame.session);
    if (known === undefined && expired) return refuseExpired(frame);
    const session = known ?? this.#open(frame);
    if (session.born !== frame.born) {
      return refuse(
        frame,
        "SESSION_MISUSE",
        `session was born at ${session.born}, not ${frame.born}`,
      );
    }
    this.#touch(session);
    session.raiseFloor(frame.floor);
    if (frame.number <= session.floor) return refuseStale(frame, session.floor);
    const answer = session.answer(frame.number);
    if (answer !== undefined) return repeat(frame, answer);
    if (expired) return refuseExpired(frame);
    if (frame.number > session.floor + sessionWindow) {
      const claim = `frame ${frame.number} is more than ${sessionWindow} above floor ${session.floor}`;
      return refuse(frame, "SESSION_WINDOW", claim);
    }
    return session;
  }

  /** Removes sessions that have expired by `now`, oldest first, and says how many. */
  expire(now: Revision): number {
    let removed = 0;
    while (removed < expiriesPerEntryMax && this.nextExpiry <= now) {
      const session = this.#queue.first;
      invariant(session !== undefined, "what expires is in the queue");
      this.#touch(session);
      session.removed = true;
      this.#queue.removeFirst();
      this.#byId.delete(session.id);
      removed++;
    }
    return removed;
  }

  /** `slot` is the cut's: it orders the images of one session. */
  freeze(slot: number): SessionCut {
    invariant(this.#cut === undefined, "one cut of the sessions is open at a time");
    this.#cut = new SessionCut(this.#changed, slot, this.#codec);
    this.#changed = [];
    return this.#cut;
  }

  thaw(): void {
    this.#cut?.close();
    this.#cut = undefined;
  }

  #open(frame: Frame): Session {
    const session = new Session(frame.session, { born: frame.born, floor: 0, answers: [] });
    this.#add(session);
    return session;
  }

  #add(session: Session): void {
    this.#byId.set(session.id, session);
    this.#queue.add(session);
  }

  /** Called before a session changes. */
  #touch(session: Session): void {
    if (session.awaitsCut) this.#cut?.take(session);
    if (session.changed) return;
    session.changed = true;
    this.#changed.push(session);
  }
}

function repeat(frame: Frame, answer: ExecutedFrame): FrameOutcome {
  if (answer.hash === frame.hash) return answer;
  return refuse(frame, "SESSION_MISUSE", `frame ${frame.number} was another request before`);
}

function refuseStale(frame: Frame, floor: number): RefusedFrame {
  return refuse(frame, "STALE_FRAME", `frame ${frame.number} is at or below floor ${floor}`);
}

/** An absent session may have had the frame's answer, or a floor above it: the frame's own floor still tells. */
function refuseExpired(frame: Frame): RefusedFrame {
  if (frame.number <= frame.floor) return refuseStale(frame, frame.floor);
  return refuse(frame, "SESSION_EXPIRED", `the session born at ${frame.born} is past its lifetime`);
}

export function refuse(frame: Logged, code: RefusalCode, message: string): RefusedFrame {
  return { refused: true, number: frame.number, code, message };
}

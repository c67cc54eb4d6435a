/**
 * The answers to requests without a session: what makes one take effect once, although several nodes hear it, two
 * leaders in a row may propose it, and its client may send it again under the message id it chose.
 */
import {
  kept,
  type ExecutedFrame,
  type FrameOutcome,
  type Kept,
  type Request,
  type RequestId,
} from "../frame.ts";
import { messageIdentityLifetime, replyIdentityLifetime } from "../limits.ts";
import type { Revision } from "../revision.ts";
import { space, type StateReader } from "../state-reader.ts";
import type { Cell } from "../state-reader.ts";
import { versionKind } from "../version.ts";
import type { FoundAnswer } from "./request-generation.ts";
import { markOf, RequestShelf } from "./request-shelf.ts";
import { refuse } from "./sessions.ts";
import type { RequestImage, StateCodec } from "./state-codec.ts";

const marks = { replies: "\0", messages: "\x01" };

export class Requests {
  readonly #codec: StateCodec;
  /** By the subject that the answer went to. Beyond its bytes the oldest go first. */
  readonly #replies = new RequestShelf(marks.replies, replyIdentityLifetime);
  /** By message id. Clients rely on these, so none goes early: beyond its bytes new ones are refused. */
  readonly #messages = new RequestShelf(marks.messages, messageIdentityLifetime);

  constructor(checkpoint: StateReader, codec: StateCodec) {
    this.#codec = codec;
    const cells = checkpoint.scan(space.request, "", undefined, false);
    let previous: string | undefined;
    for (let cell = cells.next(); cell !== undefined; cell = cells.next()) {
      // Only the newest cell of a page counts; older ones may not have been merged away yet.
      if (cell.key !== previous && cell.version.kind === versionKind.put) this.#load(cell);
      previous = cell.key;
    }
  }

  /** The lowest revision at which something is given up; Infinity when nothing is kept. */
  get nextExpiry(): Revision {
    return Math.min(this.#replies.nextExpiry, this.#messages.nextExpiry);
  }

  /** A request under this message id would not be executed: there are too many, and it is none of them. */
  refusesMessageId(identity: RequestId): boolean {
    return this.#messages.full && this.#messages.find(identity) === undefined;
  }

  /** What becomes of the request without executing it; undefined when it is to be executed. */
  decided(request: Request): FrameOutcome | undefined {
    const shelf = this.#shelf(request.kept);
    if (shelf === undefined) return undefined;
    const found = shelf.find(request.identity);
    if (found !== undefined) return repeat(request, this.#decode(found).answer);
    if (shelf !== this.#messages || !shelf.full) return undefined;
    return refuse(
      request,
      "OVERLOADED",
      "too many message ids are kept; older ones have to run out",
    );
  }

  remember({ kept, identity, firstKey }: Request, answer: ExecutedFrame): void {
    const shelf = this.#shelf(kept);
    if (shelf === undefined) return;
    if (shelf === this.#replies && shelf.full) shelf.dropOldest();
    shelf.add(identity, this.#codec.encodeRequest({ firstKey, answer }), answer.lastRevision);
  }

  /** Gives up what has run out by `now`, and says how many generations that was. */
  expire(now: Revision): number {
    let dropped = 0;
    for (const shelf of [this.#replies, this.#messages]) {
      while (shelf.nextExpiry <= now) {
        shelf.dropOldest();
        dropped++;
      }
    }
    return dropped;
  }

  /** Cells of the next checkpoint; `slot` orders those of one page. What they are windows onto does not change. */
  cut(slot: number): readonly Cell[] {
    return [...this.#replies.cut(slot), ...this.#messages.cut(slot)];
  }

  #shelf(of: Kept): RequestShelf | undefined {
    if (of === kept.reply) return this.#replies;
    return of === kept.message ? this.#messages : undefined;
  }

  #load({ key, version: { source, start, end } }: Cell): void {
    const shelf = markOf(key) === marks.replies ? this.#replies : this.#messages;
    const revisionOf = (found: FoundAnswer): Revision => this.#decode(found).answer.lastRevision;
    // A copy, because the page may go on growing, and would keep its whole block in memory.
    shelf.load(key, source.slice(start, end), revisionOf);
  }

  #decode({ source, start, end }: FoundAnswer): RequestImage {
    return this.#codec.decodeRequest(source, start, end);
  }
}

function repeat(request: Request, answer: ExecutedFrame): FrameOutcome {
  if (answer.hash === request.hash) return answer;
  return refuse(request, "REQUEST_ID_REUSED", "another request came under this identity before");
}

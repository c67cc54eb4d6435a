/** One client session: which of its frames have been answered, and how. */
import type { ExecutedFrame, SessionId } from "../frame.ts";
import { sessionLifetime } from "../limits.ts";
import type { Revision } from "../revision.ts";
import type { SessionImage } from "./state-codec.ts";

export class Session implements SessionImage {
  readonly id: SessionId;
  readonly born: Revision;
  /** Changed since the last cut. */
  changed = false;
  /** Gone from the table: the next cut buries it. */
  removed = false;
  /** Belongs to a cut that has not taken its image yet: whoever changes the session has the image taken first. */
  awaitsCut = false;
  #floor: number;
  /** By number, all above the floor; at most a window of them. */
  #answers: ExecutedFrame[];

  constructor(id: SessionId, image: SessionImage) {
    this.id = id;
    this.born = image.born;
    this.#floor = image.floor;
    this.#answers = [...image.answers];
  }

  get floor(): number {
    return this.#floor;
  }

  get answers(): readonly ExecutedFrame[] {
    return this.#answers;
  }

  answer(number: number): ExecutedFrame | undefined {
    const answers = this.#answers;
    for (let at = answers.length - 1; at >= 0; at--) {
      const answer = answers[at];
      if (answer === undefined || answer.number < number) return undefined;
      if (answer.number === number) return answer;
    }
    return undefined;
  }

  /** Forgets the answers the client has. The floor never falls. */
  raiseFloor(floor: number): void {
    if (floor <= this.#floor) return;
    this.#floor = floor;
    const answers = this.#answers;
    // One at a time: a frame's floor mostly passes one frame, and taking out a run costs more than that.
    while (answers.length > 0 && (answers[0] as ExecutedFrame).number <= floor) answers.shift();
  }

  remember(answer: ExecutedFrame): void {
    const answers = this.#answers;
    let at = answers.length;
    while (at > 0 && (answers[at - 1] as ExecutedFrame).number > answer.number) at--;
    if (at === answers.length) answers.push(answer);
    else answers.splice(at, 0, answer);
  }
}

/** The first revision at which a session born at `born` has expired: one past its lifetime. */
export function sessionExpiry(born: Revision): Revision {
  return born + sessionLifetime + 1;
}

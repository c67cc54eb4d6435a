/** The sessions in the order in which they expire: a binary heap by (born, id). */
import type { Session } from "./session.ts";

export class SessionQueue {
  /** Every session comes before the two at twice its position plus one and two. */
  readonly #heap: Session[] = [];

  get first(): Session | undefined {
    return this.#heap[0];
  }

  add(session: Session): void {
    const heap = this.#heap;
    let at = heap.length;
    heap.push(session);
    while (at > 0) {
      const parent = (at - 1) >>> 1;
      const above = heap[parent] as Session;
      if (!before(session, above)) break;
      heap[at] = above;
      at = parent;
    }
    heap[at] = session;
  }

  removeFirst(): void {
    const heap = this.#heap;
    const moved = heap.pop();
    if (moved === undefined || heap.length === 0) return;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      const right = child + 1;
      if (right < heap.length && before(heap[right] as Session, heap[child] as Session)) {
        child = right;
      }
      if (!before(heap[child] as Session, moved)) break;
      heap[at] = heap[child] as Session;
      at = child;
    }
    heap[at] = moved;
  }
}

function before(left: Session, right: Session): boolean {
  return left.born < right.born || (left.born === right.born && left.id < right.id);
}

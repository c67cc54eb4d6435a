/**
 * Several run cursors as one: the cursor on top stands on the first key of all, and of equal keys in the
 * newest run. Runs are ordered by time, so this is also newest version first.
 */
import type { InternalKey } from "../../kv/state-reader.ts";
import { invariant } from "../../machines/invariant.ts";
import type { RunCursor } from "./run-cursor.ts";
import type { Run } from "./run.ts";

export class CursorHeap {
  /** Every cursor is ordered before those at twice its index plus one and plus two. None is exhausted. */
  readonly #cursors: RunCursor[];
  readonly #direction: 1 | -1;

  /** Takes cursors that stand on their first cells; in reverse the greatest key comes first. */
  constructor(cursors: readonly RunCursor[], reverse: boolean) {
    this.#direction = reverse ? -1 : 1;
    this.#cursors = cursors.filter((cursor) => !cursor.exhausted);
    for (let index = (this.#cursors.length >>> 1) - 1; index >= 0; index -= 1) this.#sink(index);
  }

  get top(): RunCursor | undefined {
    return this.#cursors[0];
  }

  /** Moves the top cursor on and puts it where it now belongs. */
  advance(): void {
    const top = this.#cursors[0];
    if (top === undefined) return;
    if (this.#direction === 1) top.toNext();
    else top.toNextInReverse();
    this.#settle(top);
  }

  /** Moves every cursor that stands on the key behind all of its versions. Forward only; `runs` by the cursors' ages. */
  skipKey(key: InternalKey, runs: readonly Run[]): void {
    while (this.#cursors[0]?.keyText === key) this.skipKeyOfTop(runs);
  }

  /** Moves the top cursor behind all versions of its key. Forward only. */
  skipKeyOfTop(runs: readonly Run[]): void {
    const top = this.#cursors[0];
    if (top === undefined) return;
    const run = runs[top.age];
    invariant(run !== undefined, "a cursor's age is its run's place", { age: top.age });
    top.toNextKey(run);
    this.#settle(top);
  }

  #settle(top: RunCursor): void {
    if (top.exhausted) {
      const last = this.#cursors.pop();
      if (last === undefined || last === top) return;
      this.#cursors[0] = last;
    }
    this.#sink(0);
  }

  #sink(start: number): void {
    const cursors = this.#cursors;
    const moving = cursors[start];
    if (moving === undefined) return;
    let hole = start;
    for (;;) {
      let childIndex = 2 * hole + 1;
      let child = cursors[childIndex];
      if (child === undefined) break;
      const sibling = cursors[childIndex + 1];
      if (sibling !== undefined && this.#compare(sibling, child) < 0) {
        child = sibling;
        childIndex += 1;
      }
      if (this.#compare(moving, child) < 0) break;
      cursors[hole] = child;
      hole = childIndex;
    }
    cursors[hole] = moving;
  }

  #compare(left: RunCursor, right: RunCursor): number {
    return this.#direction * left.compareKeyWith(right) || left.age - right.age;
  }
}

/** The numbers of one session's frames to one group, and the floor: how far every number is done with. */
import { sessionWindow } from "../../kv/limits.ts";

export class Numbering {
  /** The newest number given out. */
  #newest = 0;
  /**
   * Every number up to it has its final answer or was given up. A frame carries the floor of its making; nodes never
   * execute a number at or below a floor they have applied.
   */
  #floor = 0;
  /** By number modulo the window: settled, though a lower number is not. */
  readonly #settled: boolean[] = Array.from({ length: sessionWindow }, () => false);

  get floor(): number {
    return this.#floor;
  }

  /** Nodes refuse numbers further above the floor. */
  get canOpen(): boolean {
    return this.#newest < this.#floor + sessionWindow;
  }

  get isIdle(): boolean {
    return this.#newest === this.#floor;
  }

  open(): number {
    return ++this.#newest;
  }

  settle(number: number): void {
    this.#settled[number % sessionWindow] = true;
    for (let next = this.#floor + 1; this.#settled[next % sessionWindow] === true; next++) {
      this.#settled[next % sessionWindow] = false;
      this.#floor = next;
    }
  }
}

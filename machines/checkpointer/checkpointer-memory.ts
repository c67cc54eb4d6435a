/** What one checkpointer remembers of the cut under way. */
import type { Slot } from "../ballot.ts";

interface Timed {
  readonly nowMs: number;
}

export type CheckpointerEvent =
  /** Entries up to `appliedThrough` were applied; the table in memory has grown to `bytes`. */
  | ({
      readonly type: "tableGrew";
      readonly appliedThrough: Slot;
      readonly bytes: number;
    } & Timed)
  | ({ readonly type: "deadline"; readonly name: "checkpoint" } & Timed)
  /** The node is about to stop. */
  | ({ readonly type: "checkpointNow" } & Timed)
  | ({ readonly type: "frozen"; readonly through: Slot } & Timed)
  | ({ readonly type: "written" } & Timed)
  | ({ readonly type: "chosenDurable"; readonly through: Slot } & Timed)
  | ({ readonly type: "switched" } & Timed);

export type CheckpointerEffect =
  | { readonly type: "deadline"; readonly name: "checkpoint"; readonly atMs: number }
  /** Freezes the table at the applied index, reports that index by `frozen`, and begins writing. */
  | { readonly type: "freeze" }
  | { readonly type: "recordChosen" }
  | { readonly type: "switch"; readonly through: Slot }
  | { readonly type: "checkpointed"; readonly through: Slot };

export interface CheckpointerInput {
  /** What the newest checkpoint contains. */
  readonly checkpointThrough: Slot;
  readonly tableBytesMax: number;
  readonly intervalMs: number;
  readonly startedMs: number;
}

export class Checkpointer {
  readonly outbox: CheckpointerEffect[] = [];
  readonly #tableBytesMax: number;
  readonly #intervalMs: number;
  #appliedThrough: Slot;
  #checkpointThrough: Slot;
  /** The applied index of the cut under way; undefined before it is frozen. */
  #cut: Slot | undefined;
  #written = false;
  #chosenDurableThrough: Slot = 0;
  #startedMs: number;

  constructor(input: CheckpointerInput) {
    this.#tableBytesMax = input.tableBytesMax;
    this.#intervalMs = input.intervalMs;
    this.#checkpointThrough = input.checkpointThrough;
    this.#appliedThrough = input.checkpointThrough;
    this.#startedMs = input.startedMs;
  }

  get checkpointThrough(): Slot {
    return this.#checkpointThrough;
  }

  /** `nowMs` is undefined only when the actor starts. */
  awaitNext(nowMs: number | undefined): void {
    const fromMs = nowMs ?? this.#startedMs;
    this.outbox.push({ type: "deadline", name: "checkpoint", atMs: fromMs + this.#intervalMs });
    if (this.#checkpointThrough > 0 && nowMs === undefined) this.announce();
  }

  noteApplied(appliedThrough: Slot): void {
    this.#appliedThrough = appliedThrough;
  }

  tableIsLarge(bytes: number): boolean {
    return bytes >= this.#tableBytesMax;
  }

  somethingWasApplied(): boolean {
    return this.#appliedThrough > this.#checkpointThrough;
  }

  freeze(): void {
    this.#cut = undefined;
    this.#written = false;
    this.outbox.push({ type: "freeze" });
  }

  noteFrozen(through: Slot): void {
    this.#cut = through;
    this.outbox.push({ type: "recordChosen" });
  }

  noteWritten(): void {
    this.#written = true;
  }

  noteChosenDurable(through: Slot): void {
    this.#chosenDurableThrough = through;
  }

  isWrittenAndChosen(): boolean {
    return this.#cut !== undefined && this.#written && this.#chosenDurableThrough >= this.#cut;
  }

  switchOver(): void {
    if (this.#cut !== undefined) this.outbox.push({ type: "switch", through: this.#cut });
  }

  /** The valid checkpoint, for the acceptor's trimming and the leader's knowledge of it. */
  announce(): void {
    if (this.#cut !== undefined) this.#checkpointThrough = this.#cut;
    this.outbox.push({ type: "checkpointed", through: this.#checkpointThrough });
  }

  toJSON(): Record<string, unknown> {
    return { checkpointThrough: this.#checkpointThrough, cut: this.#cut, written: this.#written };
  }
}

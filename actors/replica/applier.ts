/**
 * Applies chosen entries in order, in slices short enough that heartbeats are not kept waiting, and answers the
 * frames in them.
 */
import { EntryDecoder } from "../../infra/codec/entry-codec.ts";
import type { Clock } from "../../infra/clock/clock.ts";
import type { LogStore } from "../../infra/log-store/log-store.ts";
import { entryKind } from "../../kv/entry.ts";
import type { ReplicaState } from "../../kv/replica-state.ts";
import { invariant } from "../../machines/invariant.ts";
import type { LogRecord } from "../../machines/record.ts";
import type { LogView } from "../../machines/replica-log.ts";
import type { Answers } from "./answers.ts";

export interface ApplierOptions {
  readonly group: string;
  readonly epoch: number;
  readonly clock: Clock;
  readonly log: LogView;
  readonly store: LogStore;
  readonly state: ReplicaState;
  readonly answers: Answers;
  /** The table in memory is full: nothing is applied until a checkpoint has made room. */
  readonly saturated: () => boolean;
  /** Somebody waits for the disk to answer, and nobody for what is applied: `appended` is called when it has. */
  readonly diskComesFirst: () => boolean;
  /** An entry was applied and its frames are answered. It must not throw. */
  readonly entryApplied: (slot: number) => void;
  /** A slice is done. */
  readonly applied: (through: number) => void;
  /** An entry or the store failed; nothing is applied any more. */
  readonly failed: (reason: unknown) => void;
}

/** One slice's share of the event loop. */
const sliceMs = 4;
/** Read from the store at once while replaying. */
const replayBytes = 1 << 20;

export class Applier {
  readonly #options: ApplierOptions;
  readonly #decoder = new EntryDecoder();
  #target = 0;
  #scheduled = false;
  /** Something is to be applied behind the append that is under way. */
  #held = false;
  /** Something failed half-way, or the replica stopped: the state may not be trusted, and nothing more is applied. */
  #ended = false;
  /** Records read ahead from the store, ascending, the next to apply first. */
  #readAhead: LogRecord[] = [];

  constructor(options: ApplierOptions) {
    this.#options = options;
  }

  /**
   * Everything up to `through` is chosen. A follower, whose answers its leader waits for, lets its disk answer first:
   * applying would keep that answer waiting. It does so once, so that a slow disk does not keep it from applying.
   */
  applyThrough(through: number): void {
    if (through > this.#target) this.#target = through;
    if (this.#scheduled) return;
    this.#held = !this.#held && this.#options.diskComesFirst();
    if (!this.#held) this.#slice();
  }

  /** The disk has answered. What is said because of that leaves before anything is applied. */
  appended(): void {
    if (!this.#held) return;
    this.#held = false;
    if (!this.#scheduled) this.#continueLater();
  }

  /** A checkpoint made room in the table. */
  resume(): void {
    if (!this.#scheduled) this.#slice();
  }

  stop(): void {
    this.#ended = true;
  }

  #slice(): void {
    const { state, clock, saturated, applied, failed } = this.#options;
    if (this.#ended || state.appliedThrough >= this.#target || saturated()) return;
    const until = clock.monotonicMs() + sliceMs;
    try {
      do this.#applyNext();
      while (state.appliedThrough < this.#target && clock.monotonicMs() < until && !saturated());
      if (state.appliedThrough < this.#target) this.#continueLater();
      // Reads that waited for this are answered from here, and may be the first to meet a damaged block.
      applied(state.appliedThrough);
    } catch (error) {
      this.#ended = true;
      failed(error);
    }
  }

  #continueLater(): void {
    this.#scheduled = true;
    this.#options.clock.defer(() => {
      this.#scheduled = false;
      this.#slice();
    });
  }

  #applyNext(): void {
    const { state, answers, entryApplied } = this.#options;
    const { slot, entry: bytes } = this.#record(state.appliedThrough + 1);
    const entry = this.#decoder.decode(bytes);
    const outcomes = state.apply(slot, entry);
    if (entry.kind !== entryKind.frames) return entryApplied(slot);
    for (const [index, frame] of entry.frames.entries()) {
      const outcome = outcomes[index];
      invariant(outcome !== undefined, "every frame of an entry has an outcome", { slot, index });
      answers.applied(frame, outcome);
    }
    entryApplied(slot);
  }

  #record(slot: number): LogRecord {
    const held = this.#options.log.get(slot);
    if (held !== undefined) return held;
    if (this.#readAhead[0]?.slot !== slot) {
      const { store, group, epoch } = this.#options;
      this.#readAhead = [...store.read(group, epoch, slot, this.#target, replayBytes)];
    }
    const stored = this.#readAhead.shift();
    invariant(stored?.slot === slot, "the log holds every chosen slot that is not applied", {
      slot,
      found: stored?.slot,
    });
    return stored;
  }
}

/**
 * Reads of applied state. A linearizable read is answered by the leader once everything committed at a moment after
 * the read's arrival, at which nobody else could lead, is applied; a stale one by any replica at once.
 */
import { behindAllFrames, consistency } from "../../infra/codec/formats.ts";
import type { ReadEnvelope } from "../../infra/codec/request-envelope.ts";
import type { Clock } from "../../infra/clock/clock.ts";
import type { ErrorCode } from "../../infra/errors/error-table.ts";
import type { ReadOperation } from "../../kv/commands/operation.ts";
import type { OperationResult } from "../../kv/commands/result.ts";
import type { ReplicaState } from "../../kv/replica-state.ts";
import { revisionAt, type Revision } from "../../kv/revision.ts";
import type { Reign } from "../../machines/proposer/reign.ts";
import type { Refusal } from "./answers.ts";
import type { Freshness } from "./freshness.ts";

/** What is to be read, and how fresh it has to be. */
export interface Asked extends Pick<ReadEnvelope, "consistency" | "minRevision" | "maxAgeMs"> {
  readonly operations: readonly ReadOperation[];
}

/** What was read, and of which state. */
export interface Reading {
  readonly slot: number;
  readonly index: number;
  readonly lastRevision: Revision;
  /** A leader's stamp that the state is not older than; 0 = none is known. */
  readonly asOf: Revision;
  /** How many results there are. */
  readonly count: number;
  /** Reads, and tells each result; its values are windows onto memory that the next one may use again. */
  each(told: (result: OperationResult) => void): void;
}

/** Whoever waits for a reading, and knows how to say it. */
export interface Reader {
  /** What `each` throws is let through, with nothing said so far. */
  read(reading: Reading): void;
  refused(refusal: Refusal): void;
}

interface Waiting {
  /** Applied state is now what a linearizable read must see; `asOfMs` is the leader's time. */
  readonly answer: (asOfMs: number) => void;
  readonly refuse: (code: ErrorCode, message: string, hint: string | undefined) => void;
  /** The heartbeat that has to be confirmed; undefined for lease reads. */
  readonly beat: number | undefined;
  /** What has to be applied; undefined until leadership at a moment after the arrival is certain. */
  commitIndex: number | undefined;
  /** The leader's time at a moment up to which `commitIndex` is complete; 0 = not known. */
  asOfMs: number;
}

export interface ReadsOptions {
  readonly clock: Clock;
  readonly state: ReplicaState;
  readonly freshness: Freshness;
  readonly waitingMax: number;
  /** The reign while this replica serves. */
  readonly serving: () => Reign | undefined;
  /** Why applied state may not be shown at all; undefined when it may. */
  readonly whyNotReadable: () => string | undefined;
  /** Applied state could not be read: this replica must not answer any more. */
  readonly failed: (reason: unknown) => void;
  /** Asks for a heartbeat that is sent after now. */
  readonly wantRound: () => void;
}

export class Reads {
  readonly #options: ReadsOptions;
  #waiting: Waiting[] = [];
  /** A heartbeat was asked for and has not gone out yet. */
  #roundWanted = false;

  constructor(options: ReadsOptions) {
    this.#options = options;
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  take(asked: Asked, reader: Reader): void {
    const { waitingMax } = this.#options;
    if (asked.consistency === consistency.stale) return this.#readStale(asked, reader);
    if (this.#waiting.length >= waitingMax) {
      return refuse(reader, "OVERLOADED", `${waitingMax} reads are waiting already`);
    }
    this.whenReadable(
      asked.consistency === consistency.quorum,
      (asOfMs) => this.#answer(asked, reader, asOfMs),
      (code, message, hint) => refuse(reader, code, message, hint),
    );
  }

  /**
   * Calls `answer` once applied state contains everything committed before now, by certain leadership at a moment
   * after now; or `refuse` when this replica leads no more. `quorum` asks the members instead of trusting the lease.
   */
  whenReadable(quorum: boolean, answer: Waiting["answer"], refuse: Waiting["refuse"]): void {
    const reign = this.#options.serving();
    if (reign === undefined) return refuse("NOT_LEADER", "this replica does not lead", undefined);
    const beat = quorum ? reign.lease.lastBeat + 1 : undefined;
    const asOfMs = this.#physicalMs(reign);
    const waiting: Waiting = { answer, refuse, beat, commitIndex: undefined, asOfMs };
    if (this.#answered(waiting, reign)) return;
    this.#waiting.push(waiting);
    if (quorum) this.#askForRound();
  }

  /** Something was applied, or leadership was confirmed: answers what can be answered now. */
  advance(): void {
    if (this.#options.serving() === undefined || this.#waiting.length === 0) return;
    const pending = this.#waiting;
    this.#waiting = [];
    for (const waiting of pending) {
      // An answer that cannot be read from the store ends this replica, and with it the reads behind it.
      const reign = this.#options.serving();
      if (reign === undefined) waiting.refuse("UNAVAILABLE", "the replica has stopped", undefined);
      else if (!this.#answered(waiting, reign)) this.#waiting.push(waiting);
    }
  }

  refuseAll(code: ErrorCode, message: string, hint: string | undefined): void {
    const refused = this.#waiting;
    this.#waiting = [];
    for (const { refuse } of refused) refuse(code, message, hint);
  }

  #answered(waiting: Waiting, reign: Reign): boolean {
    const { state } = this.#options;
    if (waiting.commitIndex === undefined) {
      waiting.commitIndex = this.#certainCommitIndex(waiting.beat, reign);
      // A round says who led when it was sent, the lease who leads now.
      if (waiting.beat === undefined) waiting.asOfMs = this.#physicalMs(reign);
    }
    if (waiting.commitIndex === undefined || state.appliedThrough < waiting.commitIndex) {
      return false;
    }
    waiting.answer(waiting.asOfMs);
    return true;
  }

  /**
   * The commit index at a moment at which this replica certainly leads; a new leader's counts only from behind its
   * first no-op.
   */
  #certainCommitIndex(beat: number | undefined, reign: Reign): number | undefined {
    const { clock } = this.#options;
    const certain =
      beat === undefined
        ? reign.lease.holds(clock.monotonicMs(), clock.wallMs())
        : reign.lease.confirmedBeat >= beat;
    return certain ? Math.max(reign.window.commitIndex, reign.firstReadSlot) : undefined;
  }

  #readStale(asked: Asked, reader: Reader): void {
    const { state, freshness, whyNotReadable } = this.#options;
    const { minRevision, maxAgeMs } = asked;
    const hindrance = whyNotReadable();
    if (hindrance !== undefined) return refuse(reader, "UNAVAILABLE", hindrance);
    if (state.lastRevision < minRevision) {
      const message = `this replica has applied ${state.lastRevision}, not yet ${minRevision}`;
      return refuse(reader, "TOO_STALE", message);
    }
    const nowMs = this.#completeAsOfMs();
    const ageMs = nowMs === undefined ? freshness.ageMs : 0;
    if (maxAgeMs > 0 && ageMs > maxAgeMs) {
      const message = `this replica's state is ${Math.round(ageMs)} ms old`;
      return refuse(reader, "TOO_STALE", message);
    }
    this.#answer(asked, reader, nowMs ?? freshness.asOfMs);
  }

  /** The leader's time if what is applied here is complete now: a leader whose lease ran out is a replica like others. */
  #completeAsOfMs(): number | undefined {
    const reign = this.#options.serving();
    const commitIndex = reign && this.#certainCommitIndex(undefined, reign);
    if (reign === undefined || commitIndex === undefined) return undefined;
    return this.#options.state.appliedThrough < commitIndex ? undefined : this.#physicalMs(reign);
  }

  #answer({ operations }: Asked, reader: Reader, asOfMs: number): void {
    const { state, failed } = this.#options;
    try {
      reader.read({
        slot: state.appliedThrough,
        index: behindAllFrames,
        lastRevision: state.lastRevision,
        asOf: asOfMs === 0 ? 0 : revisionAt(asOfMs),
        count: operations.length,
        each: (told) => state.readEach(operations, told),
      });
    } catch (error) {
      refuse(reader, "UNAVAILABLE", "applied state cannot be read");
      failed(error);
    }
  }

  #physicalMs(reign: Reign): number {
    return reign.lease.physicalMs(this.#options.clock.monotonicMs()) ?? 0;
  }

  /** Reads that arrive in one turn share a round. */
  #askForRound(): void {
    if (this.#roundWanted) return;
    this.#roundWanted = true;
    this.#options.clock.defer(() => {
      this.#roundWanted = false;
      if (this.#waiting.length > 0) this.#options.wantRound();
    });
  }
}

function refuse(reader: Reader, code: ErrorCode, message: string, hint?: string): void {
  reader.refused({ code, message, hint });
}

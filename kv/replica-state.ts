/**
 * The replicated state machine of one store group: entries go in, in slot order, results come out. It is pure and
 * deterministic: the same entries give the same state and the same answers on every replica, wherever their
 * versions happen to lie and whenever checkpoints are taken.
 */
import { invariant } from "../machines/invariant.ts";
import type { ChangeSink } from "./change.ts";
import type { CheckpointCut } from "./checkpoint.ts";
import type { ReadOperation } from "./commands/operation.ts";
import type { OperationResult } from "./commands/result.ts";
import { entryKind, type Entry } from "./entry.ts";
import { Budget } from "./execute/budget.ts";
import { mixResult } from "./execute/mix-result.ts";
import { ReadExecutor } from "./execute/read-executor.ts";
import { WriteExecutor } from "./execute/write-executor.ts";
import {
  loggedKind,
  type ExecutedFrame,
  type Frame,
  type FrameOutcome,
  type Logged,
  type Request,
  type RequestId,
  type SessionId,
} from "./frame.ts";
import { answerBytesMax, entryRangeKeysMax, readStepsMax, resultBytesMax } from "./limits.ts";
import { refusalCodes } from "./refusal.ts";
import type { Revision } from "./revision.ts";
import type { StateReader } from "./state-reader.ts";
import { AppliedState, type BornWith } from "./state/applied-state.ts";
import type { Directory } from "./state/directory.ts";
import type { Regions } from "./state/regions.ts";
import { Session } from "./state/session.ts";
import { refuse } from "./state/sessions.ts";
import type { ChecksumAt, StateCodec } from "./state/state-codec.ts";
import { StateCut } from "./state/state-cut.ts";

export interface ReplicaStateOptions {
  readonly clusterId: string;
  readonly group: string;
  /** The newest valid checkpoint. It changes only between a cut's `freeze` and `checkpointed`. */
  readonly checkpoint: StateReader;
  readonly codec: StateCodec;
  readonly bornWith: BornWith;
}

const noOutcomes: readonly FrameOutcome[] = [];

export class ReplicaState {
  readonly #clusterId: string;
  readonly #group: string;
  readonly #codec: StateCodec;
  readonly #state: AppliedState;
  readonly #writeBudget = new Budget();
  readonly #readBudget = new Budget();
  readonly #writes: WriteExecutor;
  readonly #reads: ReadExecutor;
  #cutOpen = false;

  constructor(options: ReplicaStateOptions) {
    this.#clusterId = options.clusterId;
    this.#group = options.group;
    this.#codec = options.codec;
    this.#state = new AppliedState(options.checkpoint, options.codec, options.bornWith);
    this.#writes = new WriteExecutor(this.#state, this.#writeBudget);
    this.#reads = new ReadExecutor(this.#state, this.#readBudget);
  }

  /** Has every change told to `sink` while entries are applied from now on; undefined = nobody wants to know. */
  tellChanges(sink: ChangeSink | undefined): void {
    this.#state.data.sink = sink;
  }

  /** Versions written since the start: whoever compares it knows whether an entry changed anything. */
  get changeCount(): number {
    return this.#state.data.changeCount;
  }

  /** Slot of the last entry applied. */
  get appliedThrough(): number {
    return this.#state.appliedThrough;
  }

  get lastRevision(): Revision {
    return this.#state.lastRevision.value;
  }

  /** Reads below it are `TOO_OLD`. */
  get watermark(): Revision {
    return this.#state.watermark;
  }

  /** The lowest revision at which something expires; Infinity when nothing will. The leader ticks once its time is past it. Answers to requests run out unnoticed, so they wait for the next entry. */
  get nextExpiry(): Revision {
    return Math.min(this.#state.data.nextExpiry, this.#state.sessions.nextExpiry);
  }

  /** The checksum behind the last entry applied. */
  get checksum(): ChecksumAt {
    return { slot: this.appliedThrough, value: this.#state.checksum.value };
  }

  /** The checksum behind the last slot at which replicas compare theirs. */
  get comparableChecksum(): ChecksumAt {
    return this.#state.comparable;
  }

  /** Sessions that have not expired. */
  get sessionCount(): number {
    return this.#state.sessions.count;
  }

  knowsSession(id: SessionId): boolean {
    return this.#state.sessions.has(id);
  }

  /** The message id is new, and no new one is taken until older ones have run out. */
  refusesMessageId(identity: RequestId): boolean {
    return this.#state.requests.refusesMessageId(identity);
  }

  get regions(): Regions {
    return this.#state.regions;
  }

  /** Where all keys of the cluster live; empty in every group but `meta`. */
  get directory(): Directory {
    return this.#state.directory;
  }

  /** Approximate memory of what is not checkpointed yet: the host cuts a checkpoint when it has grown enough. */
  get tableBytes(): number {
    return this.#state.data.bytes;
  }

  /** Applies the next entry; answers one outcome per frame, in the entry's order. */
  apply(slot: number, entry: Entry): readonly FrameOutcome[] {
    const state = this.#state;
    invariant(slot === state.appliedThrough + 1, "entries are applied in slot order", {
      slot,
      appliedThrough: state.appliedThrough,
    });
    state.checksum.mix(slot);
    state.checksum.mix(entry.kind);
    let outcomes = noOutcomes;
    if (entry.kind !== entryKind.noOp) {
      state.lastRevision.raiseTo(entry.stamp);
      this.#expire();
      if (entry.kind === entryKind.watermark) state.raiseWatermark(entry.watermark);
      if (entry.kind === entryKind.frames) outcomes = this.#applyFrames(slot, entry.frames);
      state.checksum.mix(state.lastRevision.value);
    }
    state.finish(slot);
    return outcomes;
  }

  /** Answers the operations of one read-only frame from what is applied now. */
  read(operations: readonly ReadOperation[]): readonly OperationResult[] {
    this.#beginRead(operations.length);
    const results: OperationResult[] = [];
    for (const operation of operations) results.push(this.#reads.execute(operation, false));
    return results;
  }

  /** The same one by one: the values of a result are lent while it is told. */
  readEach(operations: readonly ReadOperation[], told: (result: OperationResult) => void): void {
    this.#beginRead(operations.length);
    for (const operation of operations) told(this.#reads.execute(operation, true));
  }

  /** Cuts a checkpoint at the last entry applied. Apply and reads go on; `checkpointed` ends the cut. */
  freeze(): CheckpointCut {
    invariant(!this.#cutOpen, "one checkpoint is cut at a time");
    this.#cutOpen = true;
    return new StateCut(this.#state, this.#codec);
  }

  /** Called once the checkpoint's reader shows the cut: its table is not needed any more. */
  checkpointed(): void {
    invariant(this.#cutOpen, "a checkpoint was cut before it became valid");
    this.#cutOpen = false;
    this.#state.data.thaw();
    this.#state.sessions.thaw();
  }

  #beginRead(operations: number): void {
    this.#readBudget.keysLeft = readStepsMax;
    this.#readBudget.bytesLeft = answerBytesMax - operations * resultBytesMax;
  }

  #expire(): void {
    const { data, sessions, requests, lastRevision, checksum } = this.#state;
    if (data.nextExpiry <= lastRevision.value) data.expire(lastRevision, checksum);
    if (sessions.nextExpiry <= lastRevision.value)
      checksum.mix(sessions.expire(lastRevision.value));
    if (requests.nextExpiry <= lastRevision.value)
      checksum.mix(requests.expire(lastRevision.value));
  }

  #applyFrames(slot: number, frames: readonly Logged[]): readonly FrameOutcome[] {
    this.#writeBudget.keysLeft = entryRangeKeysMax;
    const outcomes: FrameOutcome[] = [];
    for (const frame of frames) {
      const outcome = this.#applyFrame(slot, outcomes.length, frame);
      this.#mixOutcome(frame, outcome);
      outcomes.push(outcome);
    }
    return outcomes;
  }

  #applyFrame(slot: number, index: number, frame: Logged): FrameOutcome {
    // Without a cluster's name there was no envelope to read.
    if (frame.clusterId === "") return refuse(frame, "BAD_REQUEST", frame.problem);
    // A frame is executed by the group it names and by no other, whoever put it into the log.
    if (frame.clusterId !== this.#clusterId) {
      return refuse(frame, "WRONG_CLUSTER", `this is cluster ${this.#clusterId}`);
    }
    if (frame.group !== this.#group) {
      return refuse(frame, "WRONG_REGION", `this is group ${this.#group}`);
    }
    return frame.kind === loggedKind.frame
      ? this.#applySessionFrame(slot, index, frame)
      : this.#applyRequest(slot, index, frame);
  }

  #applySessionFrame(slot: number, index: number, frame: Frame): FrameOutcome {
    const admitted = this.#state.sessions.admit(frame, this.lastRevision);
    if (!(admitted instanceof Session)) return admitted;
    if (frame.problem !== "") return refuse(frame, "BAD_REQUEST", frame.problem);
    const executed = this.#execute(slot, index, frame);
    admitted.remember(executed);
    return executed;
  }

  #applyRequest(slot: number, index: number, request: Request): FrameOutcome {
    const { requests } = this.#state;
    const decided = requests.decided(request);
    if (decided !== undefined) return decided;
    if (request.problem !== "") return refuse(request, "BAD_REQUEST", request.problem);
    const executed = this.#execute(slot, index, request);
    requests.remember(request, executed);
    return executed;
  }

  #execute(slot: number, index: number, frame: Logged): ExecutedFrame {
    this.#writeBudget.bytesLeft = answerBytesMax - frame.operations.length * resultBytesMax;
    const results: OperationResult[] = [];
    for (const operation of frame.operations) {
      const result = this.#writes.execute(operation);
      mixResult(this.#state.checksum, result);
      results.push(result);
    }
    const { number, hash } = frame;
    const lastRevision = this.lastRevision;
    return { refused: false, number, hash, slot, index, lastRevision, results };
  }

  #mixOutcome(frame: Logged, outcome: FrameOutcome): void {
    const { checksum } = this.#state;
    checksum.mix(frame.number);
    checksum.mix(outcome.refused ? refusalCodes.indexOf(outcome.code) : outcome.hash);
  }
}

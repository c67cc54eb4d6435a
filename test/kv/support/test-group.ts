/**
 * One replica of a group with its checkpoint, driven through the wire formats: frames are encoded as a client does,
 * put into entries as a leader does, and decoded as a replica does.
 */
import { emptyDirectory } from "../../../kv/state/directory.ts";
import type { ReadOperation } from "../../../kv/commands/operation.ts";
import type { OperationResult } from "../../../kv/commands/result.ts";
import { kept, type ExecutedFrame, type FrameOutcome, type Kept } from "../../../kv/frame.ts";
import { ReplicaState } from "../../../kv/replica-state.ts";
import { revisionsPerMs, type Revision } from "../../../kv/revision.ts";
import type { Region } from "../../../kv/state/regions.ts";
import { CellCodec } from "../../../infra/codec/cell-codec.ts";
import {
  encodeFramesEntry,
  encodeNoOpEntry,
  encodeTickEntry,
  encodeWatermarkEntry,
  EntryDecoder,
} from "../../../infra/codec/entry-codec.ts";
import { requestKind } from "../../../infra/codec/formats.ts";
import { RequestEncoder, type WriteRequest } from "../../../infra/codec/request-encoder.ts";
import { MemoryCheckpoint, readOut } from "./memory-checkpoint.ts";

export const clusterId = "cluster-of-tests";
export const group = "g1";
export const everything: readonly Region[] = [{ id: 1, version: 1, start: "", end: undefined }];

/** Where tests' time begins. */
export const birth: Revision = 1_000_000 * revisionsPerMs;

const encoder = new RequestEncoder();

export interface FrameOptions {
  readonly session?: string;
  readonly born?: Revision;
  readonly number: number;
  readonly floor?: number;
  readonly group?: string;
  readonly clusterId?: string;
}

export function sessionId(name: string): string {
  return name.padEnd(16, ".");
}

export function frameBytes(options: FrameOptions, operations: readonly WriteRequest[]): Uint8Array {
  const envelope = {
    kind: requestKind.write,
    clusterId: options.clusterId ?? clusterId,
    group: options.group ?? group,
    session: sessionId(options.session ?? "s"),
    born: options.born ?? birth,
    number: options.number,
    floor: options.floor ?? 0,
  };
  return encoder.writeFrame(envelope, operations);
}

export interface RequestOptions {
  readonly identity: string;
  readonly kept?: Kept;
  readonly group?: string;
  readonly clusterId?: string;
  readonly hash?: number;
}

/** A request without a session, as its coordinator encodes it. */
export function requestBytes(options: RequestOptions, operation: WriteRequest): Uint8Array {
  const own = options.kept ?? kept.reply;
  return encoder.raw(
    {
      kind: requestKind.raw,
      clusterId: options.clusterId ?? clusterId,
      group: options.group ?? group,
      identity: own === kept.nothing ? "" : sessionId(options.identity),
      kept: own,
      firstKey: "key" in operation ? operation.key : "",
      hash: options.hash ?? 1,
    },
    operation,
  );
}

export class TestGroup {
  readonly checkpoint: MemoryCheckpoint;
  /** Every entry so far: slot n at position n - 1. */
  readonly log: Uint8Array[] = [];
  replica: ReplicaState;
  /** The stamp of the next entry. */
  now: Revision = birth;
  readonly #regions: readonly Region[];
  readonly #decoder = new EntryDecoder();
  #number = 0;

  constructor(regions: readonly Region[] = everything, checkpoint = new MemoryCheckpoint(true)) {
    this.checkpoint = checkpoint;
    this.#regions = regions;
    this.replica = this.#open();
  }

  /** Executes the operations as one frame of an own session, and answers their results. */
  write(...operations: readonly WriteRequest[]): readonly OperationResult[] {
    const number = ++this.#number;
    // The session is young however far the test's clock has come.
    const options = { session: `own${this.now}`, born: this.now, number, floor: number - 1 };
    return executed(this.frames(frameBytes(options, operations))[0]).results;
  }

  /** Executes one operation. */
  one(operation: WriteRequest): OperationResult {
    return first(this.write(operation));
  }

  read(...operations: readonly ReadOperation[]): readonly OperationResult[] {
    return this.replica.read(operations);
  }

  /** Puts raw frames into one entry and applies it. */
  frames(...frames: readonly Uint8Array[]): readonly FrameOutcome[] {
    return this.append(encodeFramesEntry(this.now, frames));
  }

  tick(stamp: Revision): void {
    this.now = stamp;
    this.append(encodeTickEntry(stamp));
  }

  watermark(revision: Revision): void {
    this.append(encodeWatermarkEntry(this.now, revision));
  }

  noOp(): void {
    this.append(encodeNoOpEntry());
  }

  append(entry: Uint8Array): readonly FrameOutcome[] {
    this.log.push(entry);
    return this.replica.apply(this.log.length, this.#decoder.decode(entry));
  }

  /** Writes a whole checkpoint. */
  checkpointNow(): void {
    this.checkpoint.add(readOut(this.replica.freeze()));
    this.replica.checkpointed();
  }

  /** Starts again from the checkpoint and the log behind it. */
  restart(): void {
    this.replica = this.#open();
    for (let slot = this.replica.appliedThrough + 1; slot <= this.log.length; slot++) {
      this.replica.apply(slot, this.#decoder.decode(this.log[slot - 1] ?? new Uint8Array()));
    }
  }

  #open(): ReplicaState {
    return new ReplicaState({
      clusterId,
      group,
      checkpoint: this.checkpoint,
      codec: new CellCodec(),
      bornWith: { regions: this.#regions, directory: emptyDirectory },
    });
  }
}

export function executed(outcome: FrameOutcome | undefined): ExecutedFrame {
  if (outcome === undefined || outcome.refused) {
    throw new Error(`the frame was not executed: ${JSON.stringify(outcome)}`);
  }
  return outcome;
}

export function first<Element>(list: readonly Element[]): Element {
  const [element] = list;
  if (element === undefined) throw new Error("an empty list");
  return element;
}

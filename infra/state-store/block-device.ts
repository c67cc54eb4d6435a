/**
 * Where a node's runs and manifests live, as the layout sees it: numbered blocks of numbered runs, and one
 * manifest per group. LMDB implements it for production, memory for simulation; everything above is the same.
 */
import type { Flavor } from "../../machines/flavor.ts";

/** Numbers a run within one environment; never used again, so that a stale block can be told from its successor. */
export type RunId = Flavor<number, "RunId">;

export type Done = (failure: Error | undefined) => void;

/** A block's bytes, seen as bytes and as numbers. Both start at the block's first byte. */
export interface BlockBytes {
  readonly bytes: Uint8Array;
  readonly view: DataView;
}

/** Consecutive blocks of one run, one behind the other in `chunk`. */
export interface BlockBatch {
  readonly run: RunId;
  readonly firstBlock: number;
  readonly lengths: readonly number[];
  readonly chunk: Uint8Array<ArrayBuffer>;
}

/** What reading and writing runs needs; the merging thread has no more than this. */
export interface RunDevice {
  /** The block as it is visible now, unchecked; undefined if there is none. Valid until the next `read`. */
  read(run: RunId, block: number): BlockBytes | undefined;
  /** A buffer to pack blocks into; `write` takes it back. Its content is arbitrary. */
  chunk(bytesMin: number): Uint8Array<ArrayBuffer>;
  /** Makes the blocks durable. Nothing refers to them until a manifest does. */
  write(batch: BlockBatch, done: Done): void;
}

/** What an environment holds when it is opened. */
export interface StoredContents {
  readonly manifests: ReadonlyMap<string, Uint8Array>;
  /** Every run of which at least one block is stored, complete or not, ascending. */
  readonly runs: readonly RunId[];
  /** Above every run number that was ever durable here. */
  readonly nextRun: RunId;
}

export interface BlockDevice extends RunDevice {
  contents(): StoredContents;
  /** Replaces a group's manifest atomically; durable before `done`. */
  commitManifest(group: string, manifest: Uint8Array, done: Done): void;
  /** Removes at most `blocksMax` blocks of a run that no manifest names. */
  drop(
    run: RunId,
    blocksMax: number,
    done: (failure: Error | undefined, remaining: boolean) => void,
  ): void;
  /** Whether writing goes on without rests, which are there so that the log finds the disk free. */
  hurry(isUrgent: boolean): void;
  /** Ends what is under way; no callback but this one comes after. */
  close(done: () => void): void;
}

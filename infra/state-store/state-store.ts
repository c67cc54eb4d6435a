/**
 * Checkpoints of applied state, as a port. A replica applies to a table in memory and writes that table, as
 * one cut at one applied index, every so often; in between the store never changes. It lives in an
 * environment of its own, so that writing a checkpoint never holds up the log.
 */
import type { Checkpoint, CheckpointCut } from "../../kv/checkpoint.ts";
import type { StateReader } from "../../kv/state-reader.ts";
import type { Revision } from "../../kv/revision.ts";

export type { Checkpoint, CheckpointCut };

/** One group's part of the store. Reading is synchronous; `find` and `scan` see the newest valid checkpoint. */
export interface GroupStateStore extends StateReader {
  /** Undefined for a group that has never been checkpointed. */
  readonly checkpoint: Checkpoint | undefined;
  /**
   * Writes the cut beside the valid checkpoint, in bounded steps, without changing what readers see.
   * `written` is called when all of it is on disk. One cut at a time.
   */
  write(cut: CheckpointCut, written: (failure: Error | undefined) => void): void;
  /**
   * Makes the written cut the valid checkpoint by one atomic, durable switch; readers see it from `switched`
   * on. The caller has made sure that the log's durable `chosenThrough` has reached `appliedThrough`.
   */
  switchTo(appliedThrough: number, switched: (failure: Error | undefined) => void): void;
  /** The next cut is due before the one under way is written: until it is, nothing is done at leisure. */
  hurry(): void;
  statistics(): StateStoreStatistics;
  /**
   * Called once, when a write failed or stored state turned out to be corrupt, in the foreground or in a merge:
   * from then on nothing is written any more, in no group, and whoever uses the store has to stop.
   */
  onFailure(listener: (failure: Error) => void): void;
}

export interface StateStoreStatistics {
  readonly checkpoints: number;
  readonly merges: number;
  readonly runs: number;
  readonly bytes: number;
  /** Runs are to be merged or are being merged, or what is left of merged ones is being removed. */
  readonly merging: boolean;
  /** Versions written, by the revision of the checkpoint that brought them: where 1 GiB of history begins. */
  readonly history: readonly { readonly lastRevision: Revision; readonly bytes: number }[];
}

export interface StateStore {
  /** Opens (creating if absent) one group's part. */
  group(name: string): GroupStateStore;
  /** Waits for steps under way; an unswitched cut is forgotten. */
  close(): Promise<void>;
}

/** One group's part of a node's state: the runs its manifest names, and the cut that is on its way in. */
import type { Revision } from "../../kv/revision.ts";
import type { CellCursor, HistoryRange, InternalKey, Space } from "../../kv/state-reader.ts";
import type { Version } from "../../kv/version.ts";
import { invariant } from "../../machines/invariant.ts";
import type { RunId } from "./block-device.ts";
import { CutFeed } from "./cut-feed.ts";
import type { Environment } from "./environment.ts";
import { HiddenBytes } from "./hidden-bytes.ts";
import { encodeManifest, withCheckpoint, withMerge, type Manifest } from "./manifest.ts";
import type { MergePlan } from "./merge-feed.ts";
import { chooseMerge, runsLate } from "./merge-policy.ts";
import { RangeCursor } from "./range-cursor.ts";
import { RunWriter, type WrittenRun } from "./run-writer.ts";
import { Run } from "./run.ts";
import { RunsHistory } from "./runs-history.ts";
import type {
  Checkpoint,
  CheckpointCut,
  GroupStateStore,
  StateStoreStatistics,
} from "./state-store.ts";

/** With this many runs reading is slow enough that a new cut waits until merges have caught up. */
const runsMax = 64;

type Done = (failure: Error | undefined) => void;

/** A cut from the call of `write` until its switch is durable. */
interface PendingCut {
  readonly checkpoint: Checkpoint;
  readonly feed: CutFeed;
  state: "waiting" | "writing" | "written" | "switching";
  /** Undefined if the cut held no cell, or is not written yet. */
  run: WrittenRun | undefined;
  /** The next one is due. */
  late: boolean;
}

interface ManifestChange {
  readonly apply: (manifest: Manifest) => Manifest;
  /** The run it adds, if any. */
  readonly added: WrittenRun | undefined;
  readonly done: Done;
}

export class GroupStore implements GroupStateStore {
  readonly #name: string;
  readonly #environment: Environment;
  /** As it is on disk; its runs are open in `#runs`, in the same order. */
  #manifest: Manifest;
  #runs: readonly Run[];
  readonly #hiddenBytes = new HiddenBytes();
  #cut: PendingCut | undefined;
  #beginWaitingCut: (() => void) | undefined;
  /** Changes of the manifest, the first of them under way: each builds on the one before. */
  readonly #changes: ManifestChange[] = [];

  constructor(name: string, manifest: Manifest, environment: Environment) {
    this.#name = name;
    this.#manifest = manifest;
    this.#environment = environment;
    this.#runs = manifest.runs.map((run) => Run.open(environment.device, run));
  }

  get checkpoint(): Checkpoint | undefined {
    return this.#manifest.checkpoint;
  }

  find(from: Space, key: InternalKey, atOrBelow: Revision, lent = false): Version | undefined {
    return this.#environment.points.find(this.#runs, from, key, atOrBelow, lent);
  }

  scan(
    from: Space,
    start: InternalKey,
    end: InternalKey | undefined,
    reverse: boolean,
  ): CellCursor {
    const { device, values } = this.#environment;
    return new RangeCursor(device, this.#runs, { from, start, end }, reverse, values);
  }

  history(from: Space, range: HistoryRange): CellCursor {
    const { device, values } = this.#environment;
    return new RunsHistory(device, this.#runs, from, range, values);
  }

  onFailure(listener: (failure: Error) => void): void {
    this.#environment.onFailure(listener);
  }

  statistics(): StateStoreStatistics {
    const { checkpoints, merges, runs, history } = this.#manifest;
    const bytes = runs.reduce((sum, run) => sum + run.bytes, 0);
    const merging = this.#environment.isTidying(this);
    return { checkpoints, merges, runs: runs.length, bytes, merging, history };
  }

  write(cut: CheckpointCut, written: Done): void {
    if (this.#environment.refuses(written)) return;
    const { appliedThrough, lastRevision, watermark } = cut;
    const before = this.checkpoint?.appliedThrough ?? -1;
    invariant(this.#cut === undefined, "one cut is written at a time", { appliedThrough });
    invariant(appliedThrough > before, "a cut is behind the checkpoint", {
      appliedThrough,
      before,
    });
    const pending: PendingCut = {
      checkpoint: { appliedThrough, lastRevision, watermark },
      feed: new CutFeed(cut, this.#runs.length === 0),
      state: "waiting",
      run: undefined,
      late: false,
    };
    this.#cut = pending;
    const begin = (): void => this.#writeRun(pending, written);
    if (this.#runs.length < runsMax) begin();
    else this.#beginWaitingCut = begin;
  }

  hurry(): void {
    if (this.#cut === undefined || this.#cut.late) return;
    this.#cut.late = true;
    this.#environment.considerPace();
  }

  /** Somebody will wait for what is written here. */
  get isBehind(): boolean {
    const cut = this.#cut;
    const isLate = cut?.late === true && (cut.state === "waiting" || cut.state === "writing");
    return isLate || this.#runs.length >= runsLate;
  }

  #writeRun(pending: PendingCut, written: Done): void {
    pending.state = "writing";
    const environment = this.#environment;
    new RunWriter(
      environment.device,
      environment.defer,
      environment.takeRunId(),
      pending.feed,
      (failure, run) => {
        if (failure !== undefined) {
          environment.fail(failure);
        } else {
          pending.state = "written";
          pending.run = run;
          environment.considerPace();
        }
        written(failure);
      },
    ).start();
  }

  switchTo(appliedThrough: number, switched: Done): void {
    if (this.#environment.refuses(switched)) return;
    const cut = this.#cut;
    invariant(
      cut?.state === "written" && cut.checkpoint.appliedThrough === appliedThrough,
      "the cut that is switched to is written",
      { appliedThrough, cut: cut?.checkpoint.appliedThrough, state: cut?.state },
    );
    cut.state = "switching";
    const { run, checkpoint, feed } = cut;
    this.#change({
      apply: (manifest) => withCheckpoint(manifest, checkpoint, run?.descriptor, feed.historyBytes),
      added: run,
      done: (failure) => {
        if (failure === undefined) this.#cut = undefined;
        switched(failure);
        this.#environment.considerMerges();
      },
    });
  }

  /** What should be merged now, if anything. */
  planMerge(): Omit<MergePlan, "output"> | undefined {
    const { runs, checkpoint } = this.#manifest;
    if (checkpoint === undefined) return undefined;
    const { policy } = this.#environment;
    const hiddenBytes = (position: number): number => this.#hiddenBytes.by(this.#runs, position);
    const window = chooseMerge(runs, checkpoint.watermark, policy, hiddenBytes);
    if (window === undefined) return undefined;
    return {
      inputs: runs.slice(window.first, window.behind),
      containsOldest: window.behind === runs.length,
      watermark: checkpoint.watermark,
    };
  }

  /** Puts a merged run in the place of its inputs; `merged` is undefined if nothing was left of them. */
  installMerge(inputs: readonly RunId[], merged: WrittenRun | undefined, done: Done): void {
    this.#change({
      apply: (manifest) => withMerge(manifest, inputs, merged?.descriptor),
      added: merged,
      done: (failure) => {
        done(failure);
        if (failure !== undefined || this.#runs.length >= runsMax) return;
        const begin = this.#beginWaitingCut;
        this.#beginWaitingCut = undefined;
        begin?.();
      },
    });
  }

  #change(change: ManifestChange): void {
    this.#changes.push(change);
    if (this.#changes.length === 1) this.#commitNext();
  }

  /** Commits the next change of the manifest, and only then reads by it. */
  #commitNext(): void {
    const change = this.#changes[0];
    if (change === undefined) return;
    const { device } = this.#environment;
    const next = change.apply(this.#manifest);
    const committed: Done = (failure) => {
      if (failure === undefined) this.#install(next, change.added);
      else this.#environment.fail(failure);
      this.#changes.shift();
      change.done(failure);
      this.#commitNext();
    };
    if (this.#environment.refuses(committed)) return;
    device.commitManifest(this.#name, encodeManifest(this.#name, next), committed);
  }

  #install(manifest: Manifest, added: WrittenRun | undefined): void {
    const open = new Map(this.#runs.map((run) => [run.descriptor.id, run]));
    if (added !== undefined) open.set(added.descriptor.id, new Run(added.descriptor, added.tail));
    this.#manifest = manifest;
    this.#runs = manifest.runs.map((run) => {
      const opened = open.get(run.id);
      invariant(opened !== undefined, "a manifest's runs are open", { run: run.id });
      return opened;
    });
    this.#environment.considerPace();
  }
}

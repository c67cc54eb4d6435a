/**
 * A node's state environment: the groups in it, the one merge that may be under way, the removal of what no
 * manifest names, and the failure that ends all writing.
 */
import type { Cancel, Clock } from "../clock/clock.ts";
import type { BlockDevice, RunId } from "./block-device.ts";
import { ValueKeeper } from "./cell-format.ts";
import { GroupStore } from "./group-store.ts";
import { decodeManifest, emptyManifest, type Manifest } from "./manifest.ts";
import { defaultMergePolicy, type MergePolicy } from "./merge-policy.ts";
import type { MergePlan } from "./merge-feed.ts";
import type { Merger } from "./merger.ts";
import { PointReader } from "./point-read.ts";
import type { GroupStateStore, StateStore } from "./state-store.ts";
import { TrustPeriod } from "./verified-blocks.ts";

/** Blocks removed in one commit. */
const dropBlocksMax = 512;

export class Environment implements StateStore {
  readonly device: BlockDevice;
  readonly points: PointReader;
  readonly values = new ValueKeeper();
  readonly policy: MergePolicy;
  readonly #merger: Merger;
  readonly #clock: Clock;
  readonly #trust: TrustPeriod;
  readonly #groups = new Map<string, GroupStore>();
  readonly #manifests: ReadonlyMap<string, Uint8Array>;
  /** Runs that no manifest names any more, the first of them being removed. */
  readonly #garbage: RunId[] = [];
  #nextRun: RunId;
  /** Set while nothing is merged or removed yet. */
  #cancelQuiet: Cancel | undefined;
  #merging = false;
  #dropping = false;
  #closed = false;
  /** The first failure. Nothing is written after it: what a failed write left on disk is not known. */
  #failure: Error | undefined;
  readonly #failureListeners: ((failure: Error) => void)[] = [];

  constructor(
    device: BlockDevice,
    merger: Merger,
    clock: Clock,
    policy: MergePolicy = defaultMergePolicy,
    quietMs = 0,
  ) {
    this.device = device;
    this.#trust = new TrustPeriod(clock);
    this.points = new PointReader(device, this.#trust);
    this.policy = policy;
    this.#merger = merger;
    this.#clock = clock;
    const { manifests, runs, nextRun } = device.contents();
    this.#manifests = manifests;
    this.#nextRun = nextRun;
    if (quietMs > 0) this.#cancelQuiet = clock.after(quietMs, () => this.#endQuiet());
    for (const run of unnamedRuns(runs, manifests)) this.#discard(run);
  }

  readonly defer = (callback: () => void): void => {
    this.#clock.defer(() => {
      if (!this.#closed) callback();
    });
  };

  group(name: string): GroupStateStore {
    const known = this.#groups.get(name);
    if (known !== undefined) return known;
    const record = this.#manifests.get(name);
    const manifest = record === undefined ? emptyManifest : decodeManifest(name, record);
    const group = new GroupStore(name, manifest, this);
    this.#groups.set(name, group);
    this.defer(() => {
      this.considerPace();
      this.considerMerges();
    });
    return group;
  }

  takeRunId(): RunId {
    const run = this.#nextRun;
    this.#nextRun += 1;
    return run;
  }

  onFailure(listener: (failure: Error) => void): void {
    this.#failureListeners.push(listener);
    const failure = this.#failure;
    if (failure !== undefined) this.defer(() => listener(failure));
  }

  fail(failure: Error): void {
    if (this.#failure !== undefined) return;
    this.#failure = failure;
    for (const listener of this.#failureListeners) this.defer(() => listener(failure));
  }

  /** True, and `done` will be told why, if nothing may be written any more. */
  refuses(done: (failure: Error | undefined) => void): boolean {
    const failure = this.#failure;
    if (failure === undefined) return false;
    this.defer(() => done(failure));
    return true;
  }

  #endQuiet(): void {
    this.#cancelQuiet = undefined;
    this.considerMerges();
    this.#beginDropping();
  }

  /** Something is being merged or removed, or the group's runs are to be merged. */
  isTidying(group: GroupStore): boolean {
    if (this.#failure !== undefined) return false;
    return this.#merging || this.#garbage.length > 0 || group.planMerge() !== undefined;
  }

  /** As long as a group is behind nothing is done at leisure. */
  considerPace(): void {
    this.device.hurry([...this.#groups.values()].some(({ isBehind }) => isBehind));
  }

  /** Begins a merge if none is under way and some group needs one. */
  considerMerges(): void {
    if (this.#cancelQuiet !== undefined || this.#merging) return;
    if (this.#closed || this.#failure !== undefined) return;
    for (const [name, group] of this.#groups) {
      const planned = group.planMerge();
      if (planned === undefined) continue;
      // Next time the other groups are asked first.
      this.#groups.delete(name);
      this.#groups.set(name, group);
      this.#merge(group, planned);
      return;
    }
  }

  #merge(group: GroupStore, planned: Omit<MergePlan, "output">): void {
    this.#merging = true;
    const inputs = planned.inputs.map((run) => run.id);
    const end = (failure: Error | undefined): void => {
      this.#merging = false;
      if (failure !== undefined) {
        this.fail(failure);
        return;
      }
      for (const run of inputs) this.#discard(run);
      this.considerMerges();
    };
    this.#merger.merge({ ...planned, output: this.takeRunId() }, (failure, merged) => {
      if (failure === undefined) group.installMerge(inputs, merged, end);
      else end(failure);
    });
  }

  /** Removes a run's blocks in bounded pieces, behind those of other runs. */
  #discard(run: RunId): void {
    this.#garbage.push(run);
    this.#beginDropping();
  }

  #beginDropping(): void {
    if (this.#cancelQuiet !== undefined || this.#dropping || this.#garbage.length === 0) return;
    this.#dropping = true;
    this.defer(() => this.#dropSome());
  }

  #dropSome(): void {
    const run = this.#garbage[0];
    if (run === undefined || this.#failure !== undefined) {
      this.#dropping = false;
      return;
    }
    this.device.drop(run, dropBlocksMax, (failure, remaining) => {
      if (failure !== undefined) {
        this.fail(failure);
        return;
      }
      if (!remaining) this.#garbage.shift();
      this.defer(() => this.#dropSome());
    });
  }

  /** What is read from now on may be other than what was verified: the pages come from the disk again. */
  distrust(): void {
    this.#trust.end();
  }

  close(): Promise<void> {
    this.#closed = true;
    this.#cancelQuiet?.();
    this.#trust.end();
    return new Promise((resolve) => {
      this.device.close(resolve);
    });
  }
}

/** What an unswitched cut, an unfinished merge or an unfinished removal has left behind. */
function unnamedRuns(
  runs: readonly RunId[],
  manifests: ReadonlyMap<string, Uint8Array>,
): readonly RunId[] {
  const named = new Set<RunId>();
  for (const [group, record] of manifests) {
    let manifest: Manifest;
    try {
      manifest = decodeManifest(group, record);
    } catch {
      // Whose runs these are is not known: keep them all for whoever examines this store.
      return [];
    }
    for (const run of manifest.runs) named.add(run.id);
  }
  return runs.filter((run) => !named.has(run));
}

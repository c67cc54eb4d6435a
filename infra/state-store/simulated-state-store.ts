/**
 * A state store on a simulated disk. Layout, merges and recovery are the production code; only the disk and
 * the thread beside it are not real.
 */
import type { Cancel, Clock } from "../clock/clock.ts";
import { SynodError } from "../errors/synod-error.ts";
import type {
  BlockBatch,
  BlockBytes,
  BlockDevice,
  Done,
  RunId,
  StoredContents,
} from "./block-device.ts";
import { ChunkPool } from "./chunk-pool.ts";
import { Environment } from "./environment.ts";
import type { MergePolicy } from "./merge-policy.ts";
import { SteppedMerger } from "./merger.ts";
import type { SimulatedDisk } from "./simulated-disk.ts";
import type { StateStore } from "./state-store.ts";

/** Opens the store of a process that is starting; the disk's `crash` and `powerLoss` end that process. */
export function openSimulatedStateStore(
  disk: SimulatedDisk,
  clock: Clock,
  mergePolicy?: MergePolicy,
  quietMs?: number,
): StateStore {
  // As on the real disk: what a start finds is made durable before anything rests on it.
  disk.flushed();
  const device = new SimulatedDevice(disk, clock);
  const merger = new SteppedMerger(device, device.defer);
  const environment = new Environment(device, merger, clock, mergePolicy, quietMs);
  disk.damaged = () => environment.distrust();
  disk.endProcess = (): void => {
    void environment.close();
  };
  return environment;
}

interface DiskChange {
  apply(): void;
  done(failure: Error | undefined): void;
}

/** Carries out one change after the other, as the writing thread does. */
class SimulatedDevice implements BlockDevice {
  readonly #disk: SimulatedDisk;
  readonly #clock: Clock;
  readonly #chunks = new ChunkPool();
  /** The first of them is under way. */
  readonly #changes: DiskChange[] = [];
  #cancel: Cancel = () => {};
  #closed = false;

  constructor(disk: SimulatedDisk, clock: Clock) {
    this.#disk = disk;
    this.#clock = clock;
  }

  readonly defer = (callback: () => void): void => {
    this.#clock.defer(() => {
      if (!this.#closed) callback();
    });
  };

  contents(): StoredContents {
    return this.#disk.contents();
  }

  read(run: RunId, block: number): BlockBytes | undefined {
    return this.#disk.read(run, block);
  }

  chunk(bytesMin: number): Uint8Array<ArrayBuffer> {
    return this.#chunks.take(bytesMin);
  }

  write(batch: BlockBatch, done: Done): void {
    this.#enqueue({
      apply: () => this.#disk.writeBlocks(batch),
      done: (failure) => {
        this.#chunks.give(batch.chunk);
        done(failure);
      },
    });
  }

  commitManifest(group: string, manifest: Uint8Array, done: Done): void {
    this.#enqueue({ apply: () => this.#disk.writeManifest(group, manifest), done });
  }

  drop(
    run: RunId,
    blocksMax: number,
    done: (failure: Error | undefined, remaining: boolean) => void,
  ): void {
    let remaining = false;
    this.#enqueue({
      apply: () => {
        remaining = this.#disk.dropBlocks(run, blocksMax);
      },
      done: (failure) => done(failure, remaining),
    });
  }

  hurry(isUrgent: boolean): void {
    this.#disk.isHurried = isUrgent;
  }

  close(done: () => void): void {
    this.#closed = true;
    this.#cancel();
    done();
  }

  #enqueue(change: DiskChange): void {
    this.#changes.push(change);
    if (this.#changes.length === 1) this.#begin(change);
  }

  #begin(change: DiskChange): void {
    const { fault } = this.#disk;
    const halfMs = this.#disk.latencyMs() / 2;
    this.#cancel = this.#clock.after(halfMs, () => {
      if (this.#endsAt("before")) return;
      if (fault === "full disk" || fault === "rejected write") {
        this.#end(change, storageFailure(fault));
        return;
      }
      change.apply();
      if (this.#endsAt("visible")) return;
      this.#cancel = this.#clock.after(halfMs, () => {
        if (fault === "poisoned fsync") this.#disk.poison();
        if (fault !== "none") return this.#end(change, storageFailure(fault));
        this.#disk.flushed();
        if (!this.#endsAt("durable")) this.#end(change, undefined);
      });
    });
  }

  /** Lets whoever waits for a change act; says whether this process has ended by it. */
  #endsAt(when: "before" | "visible" | "durable"): boolean {
    this.#disk.onChange?.(when);
    return this.#closed;
  }

  #end(change: DiskChange, failure: Error | undefined): void {
    this.#changes.shift();
    const next = this.#changes[0];
    if (next !== undefined) this.#begin(next);
    change.done(failure);
  }
}

function storageFailure(fault: string): SynodError {
  return new SynodError("STORAGE_FAILED", `cannot write state: ${fault}`);
}

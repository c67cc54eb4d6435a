/**
 * The disk under a simulated state store. What is visible and what is durable are kept apart: a killed process
 * leaves what was visible, a power loss what was durable and perhaps more.
 */
import type { Randomness } from "../randomness/randomness.ts";
import type { BlockBatch, BlockBytes, RunId, StoredContents } from "./block-device.ts";

/** What happens to writes that begin from now on. */
export type DiskFault =
  | "none"
  /** Nothing is written. */
  | "full disk"
  /** Written and visible, but not durable. */
  | "fsync error"
  /** Written and visible until the process ends, and never again. */
  | "poisoned fsync"
  /** The write itself is refused. */
  | "rejected write";

/** All that lies on the disk at one moment. */
export interface DiskCopy {
  readonly blocks: ReadonlyMap<RunId, ReadonlyMap<number, BlockBytes>>;
  readonly manifests: ReadonlyMap<string, Uint8Array>;
  readonly nextRun: RunId;
}

export class SimulatedDisk {
  fault: DiskFault = "none";
  /** What a write takes, half of it before it is visible and half before it is durable. */
  latencyMs: () => number = () => 1;
  /** Whoever writes to it is asked not to rest, which nobody does here anyway. */
  isHurried = false;
  /** Ends the process that has the disk open, if there is one. */
  endProcess: () => void = () => {};
  /** What the process that has the disk open has read may not be what is there. */
  damaged: () => void = () => {};
  /** Called at every change: before anything is visible, when it is, and when it is durable but nobody was told yet. */
  onChange: ((when: "before" | "visible" | "durable") => void) | undefined;
  /** The next end of the process takes what is visible and not durable. */
  #poisoned = false;
  #blocks = new Map<RunId, Map<number, BlockBytes>>();
  #manifests = new Map<string, Uint8Array>();
  #nextRun: RunId = 1;
  /** How to take back the changes that are visible but not durable, oldest first. */
  #undo: (() => void)[] = [];

  /** The process that has the disk open ends here and now. */
  crash(): void {
    this.endProcess();
    this.endProcess = (): void => {};
    if (this.#poisoned) this.#undoFrom(0);
    this.#poisoned = false;
  }

  /** As a crash; and any number of the changes since the last durable one are gone, newest first. */
  powerLoss(randomness: Randomness): void {
    this.crash();
    this.#undoFrom(Math.floor(randomness.fraction() * (this.#undo.length + 1)));
    this.#undo = [];
  }

  /** From now on what is visible and not durable is lost with the process. */
  poison(): void {
    this.#poisoned = true;
  }

  copy(): DiskCopy {
    return { blocks: copyOfRuns(this.#blocks), ...this.contents() };
  }

  /** Puts an earlier copy in the place of all that is there. */
  restore({ blocks, manifests, nextRun }: DiskCopy): void {
    this.crash();
    this.#blocks = copyOfRuns(blocks);
    this.#manifests = new Map(manifests);
    this.#nextRun = nextRun;
    this.#undo = [];
  }

  /** The environment's file is gone. */
  lose(): void {
    this.crash();
    this.#blocks = new Map();
    this.#manifests = new Map();
    this.#nextRun = 1;
    this.#undo = [];
  }

  /** Flips one bit of one block. Returns false if there is none. */
  flipBit(randomness: Randomness): boolean {
    const block = this.#anyBlock(randomness);
    if (block === undefined) return false;
    const at = Math.floor(randomness.fraction() * block.bytes.length);
    const bit = Math.floor(randomness.fraction() * 8);
    block.view.setUint8(at, block.view.getUint8(at) ^ (1 << bit));
    this.damaged();
    return true;
  }

  /** Puts a block in the place of another. Returns false if there are no two. */
  misplaceBlock(randomness: Randomness): boolean {
    const places = this.#places();
    if (places.length < 2) return false;
    const from = Math.floor(randomness.fraction() * places.length);
    const step = 1 + Math.floor(randomness.fraction() * (places.length - 1));
    const source = places[from];
    const target = places[(from + step) % places.length];
    const block = source === undefined ? undefined : this.read(source.run, source.block);
    if (target === undefined || block === undefined) return false;
    this.#blocks.get(target.run)?.set(target.block, copyOf(block.bytes));
    this.damaged();
    return true;
  }

  read(run: RunId, block: number): BlockBytes | undefined {
    return this.#blocks.get(run)?.get(block);
  }

  contents(): StoredContents {
    const runs = [...this.#blocks.keys()].sort((left, right) => left - right);
    return { manifests: new Map(this.#manifests), runs, nextRun: this.#nextRun };
  }

  /** The visible changes are durable; after a failed flush the disk only says so. */
  flushed(): void {
    if (!this.#poisoned) this.#undo = [];
  }

  writeBlocks({ run, firstBlock, lengths, chunk }: BlockBatch): void {
    const blocks = this.#blocks.get(run) ?? new Map<number, BlockBytes>();
    this.#blocks.set(run, blocks);
    const nextRun = this.#nextRun;
    this.#nextRun = Math.max(nextRun, run + 1);
    let start = 0;
    for (const [index, length] of lengths.entries()) {
      blocks.set(firstBlock + index, copyOf(chunk.subarray(start, start + length)));
      start += length;
    }
    this.#undo.push(() => {
      for (const index of lengths.keys()) blocks.delete(firstBlock + index);
      if (blocks.size === 0) this.#blocks.delete(run);
      this.#nextRun = nextRun;
    });
  }

  writeManifest(group: string, manifest: Uint8Array): void {
    const before = this.#manifests.get(group);
    this.#manifests.set(group, manifest);
    this.#undo.push(() => {
      if (before === undefined) this.#manifests.delete(group);
      else this.#manifests.set(group, before);
    });
  }

  /** Returns whether blocks of the run remain. */
  dropBlocks(run: RunId, blocksMax: number): boolean {
    const blocks = this.#blocks.get(run);
    if (blocks === undefined) return false;
    const dropped = [...blocks].slice(0, blocksMax);
    for (const [number] of dropped) blocks.delete(number);
    if (blocks.size === 0) this.#blocks.delete(run);
    this.#undo.push(() => {
      for (const [number, block] of dropped) blocks.set(number, block);
      this.#blocks.set(run, blocks);
    });
    return blocks.size > 0;
  }

  #undoFrom(kept: number): void {
    for (const undo of this.#undo.splice(kept).reverse()) undo();
  }

  #anyBlock(randomness: Randomness): BlockBytes | undefined {
    const places = this.#places();
    const place = places[Math.floor(randomness.fraction() * places.length)];
    return place === undefined ? undefined : this.read(place.run, place.block);
  }

  #places(): readonly { readonly run: RunId; readonly block: number }[] {
    return [...this.#blocks].flatMap(([run, blocks]) =>
      [...blocks.keys()].map((block) => ({ run, block })),
    );
  }
}

/** A bit that flips later must not flip in the copy. */
function copyOfRuns(
  runs: ReadonlyMap<RunId, ReadonlyMap<number, BlockBytes>>,
): Map<RunId, Map<number, BlockBytes>> {
  return new Map(
    [...runs].map(([run, blocks]) => [
      run,
      new Map([...blocks].map(([number, { bytes }]) => [number, copyOf(bytes)])),
    ]),
  );
}

function copyOf(bytes: Uint8Array): BlockBytes {
  const copy = bytes.slice();
  return { bytes: copy, view: new DataView(copy.buffer) };
}

/**
 * Walks the cells of one run, for scans and merges. It keeps a copy of the block it stands in, because the
 * device's buffer is used again by the next read.
 */
import type { Revision } from "../../kv/revision.ts";
import type { InternalKey } from "../../kv/state-reader.ts";
import type { RunDevice } from "./block-device.ts";
import { blockContent, cellBlockBytes, cellCount, readBlock } from "./block-format.ts";
import { cellAt, firstAtOrBehind } from "./block-search.ts";
import { revisionOf, storedKeyBytes, storedKeyStart, valueBytes } from "./cell-format.ts";
import type { Run, RunDescriptor } from "./run.ts";
import { compareKeys, SearchKey } from "./stored-key.ts";

const belowAllRevisions = -1;

export class RunCursor {
  /** 0 in the newest run, higher in older ones. */
  readonly age: number;
  /** The block the cursor stands in, and where in it the cell and its key lie. Meaningless once `exhausted`. */
  bytes: Uint8Array;
  view: DataView;
  cell = 0;
  keyStart = 0;
  keyEnd = 0;
  exhausted = false;
  readonly #device: RunDevice;
  readonly #run: RunDescriptor;
  #buffer: BlockCopy = copyBuffer(cellBlockBytes);
  #block = -1;
  #count = 0;
  #position = 0;
  /** In reverse: older versions of this key that are still to come. */
  #olderVersions = 0;
  #keyBlock = 0;
  #keyPosition = 0;
  #key: SearchKey | undefined;

  constructor(device: RunDevice, run: RunDescriptor, age: number) {
    this.#device = device;
    this.#run = run;
    this.age = age;
    this.bytes = this.#buffer.bytes;
    this.view = this.#buffer.view;
  }

  get revision(): Revision {
    return revisionOf(this.view, this.cell);
  }

  get cellEnd(): number {
    return this.keyEnd + valueBytes(this.view, this.cell);
  }

  /** The key, without its space, as the byte string it is in memory. */
  get keyText(): InternalKey {
    return this.#buffer.text.toString("latin1", this.keyStart + 1, this.keyEnd);
  }

  compareKeyWith(other: RunCursor): number {
    return compareKeys(
      this.view,
      this.keyStart,
      this.keyEnd,
      other.view,
      other.keyStart,
      other.keyEnd,
    );
  }

  toFirst(): void {
    this.#stand(0, 0);
  }

  /** The newest version of the first key at or behind `key`, of `key` itself the newest at or below the revision. */
  toKey(run: Run, key: SearchKey, atOrBelow: Revision = Number.MAX_SAFE_INTEGER): void {
    const block = Math.max(0, run.lastBlockNotBehind(key, atOrBelow));
    this.#load(block);
    this.#stand(block, firstAtOrBehind(this, key, atOrBelow));
  }

  toNext(): void {
    this.#stand(this.#block, this.#position + 1);
  }

  /** The newest version of the next key: one step where the key has no more versions, a search where it has. */
  toNextKey(run: Run): void {
    this.#key ??= new SearchKey();
    this.#key.copy(this.view, this.keyStart, this.keyEnd);
    this.toNext();
    if (this.exhausted) return;
    if (this.#key.compareWith(this.view, this.keyStart, this.keyEnd) !== 0) return;
    this.toKey(run, this.#key, belowAllRevisions);
  }

  /** The newest version of the last key before `key`. */
  toKeyBefore(run: Run, key: SearchKey): void {
    this.toKey(run, key);
    if (!this.exhausted) {
      this.#toKeyBefore();
      return;
    }
    this.#load(this.#run.blocks - 1);
    this.#stand(this.#block, this.#count - 1);
    this.#toNewestVersion();
  }

  /** The next older version of this key, or, if there is none, the newest version of the key before it. */
  toNextInReverse(): void {
    if (this.#olderVersions > 0) {
      this.#olderVersions -= 1;
      this.toNext();
    } else {
      this.#stand(this.#keyBlock, this.#keyPosition);
      this.#toKeyBefore();
    }
  }

  /** From a key's newest version. */
  #toKeyBefore(): void {
    if (this.#stepBack()) this.#toNewestVersion();
    else this.exhausted = true;
  }

  /** From a key's oldest version. */
  #toNewestVersion(): void {
    this.#key ??= new SearchKey();
    this.#key.copy(this.view, this.keyStart, this.keyEnd);
    this.#olderVersions = 0;
    this.#keyBlock = this.#block;
    this.#keyPosition = this.#position;
    while (this.#stepBack()) {
      if (this.#key.compareWith(this.view, this.keyStart, this.keyEnd) !== 0) break;
      this.#olderVersions += 1;
      this.#keyBlock = this.#block;
      this.#keyPosition = this.#position;
    }
    this.#stand(this.#keyBlock, this.#keyPosition);
  }

  #stepBack(): boolean {
    if (this.#position > 0) {
      this.#stand(this.#block, this.#position - 1);
      return true;
    }
    if (this.#block === 0) return false;
    this.#load(this.#block - 1);
    this.#stand(this.#block, this.#count - 1);
    return true;
  }

  /** Stands on a cell; behind a block's last one means on the next block's first. */
  #stand(block: number, position: number): void {
    this.#load(block);
    if (position === this.#count) {
      if (block + 1 === this.#run.blocks) {
        this.exhausted = true;
        return;
      }
      this.#load(block + 1);
      this.#position = 0;
    } else {
      this.#position = position;
    }
    this.exhausted = false;
    this.cell = cellAt(this, this.#count, this.#position);
    this.keyStart = storedKeyStart(this.view, this.cell);
    this.keyEnd = this.keyStart + storedKeyBytes(this.view, this.cell);
  }

  #load(number: number): void {
    if (number === this.#block) return;
    const block = readBlock(this.#device, this.#run.id, number, blockContent.cells);
    const { length } = block.bytes;
    if (length > this.#buffer.bytes.length) this.#buffer = copyBuffer(length);
    this.#buffer.bytes.set(block.bytes);
    this.bytes =
      length === this.#buffer.bytes.length
        ? this.#buffer.bytes
        : this.#buffer.bytes.subarray(0, length);
    this.view = this.#buffer.view;
    this.#block = number;
    this.#count = cellCount(this);
  }
}

interface BlockCopy {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  /** The same bytes, as the only thing that turns them into strings quickly. */
  readonly text: Buffer;
}

function copyBuffer(length: number): BlockCopy {
  const text = Buffer.allocUnsafeSlow(length);
  return {
    bytes: new Uint8Array(text.buffer, 0, length),
    view: new DataView(text.buffer, 0, length),
    text,
  };
}

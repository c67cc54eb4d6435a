/**
 * A run: the cells of one checkpoint, or of several merged, sorted and packed into blocks. Its blocks stay on
 * disk; its tail (the first key of every block, and a filter over all keys) is stored behind them and kept in
 * memory.
 */
import type { Revision } from "../../kv/revision.ts";
import type { RunDevice, RunId } from "./block-device.ts";
import { blockContent, blockHeaderBytes, contentEnd, readBlock } from "./block-format.ts";
import { mayContain } from "./bloom-filter.ts";
import { corruptState } from "./corrupt-state.ts";
import { hashKey, type SearchKey } from "./stored-key.ts";
import { VerifiedBlocks } from "./verified-blocks.ts";

/** What a manifest says of a run. */
export interface RunDescriptor {
  readonly id: RunId;
  /** Blocks `0..blocks - 1` hold cells, the `tailBlocks` behind them the tail. */
  readonly blocks: number;
  readonly tailBlocks: number;
  readonly filterWords: number;
  /** Bytes of all blocks' first keys together. */
  readonly firstKeyBytes: number;
  readonly cells: number;
  readonly keys: number;
  /** Cells that say that a key is gone; undefined where an earlier version of the program wrote the run. */
  readonly tombstones?: number;
  /** What all blocks take on disk. */
  readonly bytes: number;
  readonly minRevision: Revision;
  readonly maxRevision: Revision;
}

type TailShape = Pick<RunDescriptor, "blocks" | "filterWords" | "firstKeyBytes">;

/**
 * A run's tail in one buffer: the revision of each block's first cell (8 bytes each), the words of the filter,
 * where each block's first key begins (4 bytes each, and one more), and these keys.
 */
export class RunTail {
  readonly buffer: ArrayBuffer;
  readonly revisions: Float64Array;
  readonly filter: Uint32Array;
  readonly keyOffsets: Uint32Array;
  readonly keys: DataView;

  constructor(shape: TailShape, buffer: ArrayBuffer = new ArrayBuffer(tailBytes(shape))) {
    const { blocks, filterWords, firstKeyBytes } = shape;
    const offsetsAt = blocks * 8 + filterWords * 4;
    this.buffer = buffer;
    this.revisions = new Float64Array(buffer, 0, blocks);
    this.filter = new Uint32Array(buffer, blocks * 8, filterWords);
    this.keyOffsets = new Uint32Array(buffer, offsetsAt, blocks + 1);
    this.keys = new DataView(buffer, offsetsAt + (blocks + 1) * 4, firstKeyBytes);
  }
}

export class Run {
  readonly descriptor: RunDescriptor;
  readonly verified: VerifiedBlocks;
  readonly #tail: RunTail;

  constructor(descriptor: RunDescriptor, tail: RunTail) {
    this.descriptor = descriptor;
    this.verified = new VerifiedBlocks(descriptor.blocks);
    this.#tail = tail;
  }

  /** Reads and checks the tail of a stored run. */
  static open(device: RunDevice, descriptor: RunDescriptor): Run {
    const buffer = new ArrayBuffer(tailBytes(descriptor));
    const target = new Uint8Array(buffer);
    let filled = 0;
    for (let piece = 0; piece < descriptor.tailBlocks; piece += 1) {
      const block = readBlock(device, descriptor.id, descriptor.blocks + piece, blockContent.tail);
      const content = block.bytes.subarray(blockHeaderBytes, contentEnd(block));
      if (filled + content.length > target.length) break;
      target.set(content, filled);
      filled += content.length;
    }
    if (filled !== target.length) {
      throw corruptState(`the tail of run ${descriptor.id} has not the size its manifest names`);
    }
    return new Run(descriptor, new RunTail(descriptor, buffer));
  }

  /** False only if the run holds no version of any key with this hash. */
  mayContain(hash: number): boolean {
    return mayContain(this.#tail.filter, hash);
  }

  /** The hash of a block's first key. */
  firstHash(block: number): number {
    const { keyOffsets, keys } = this.#tail;
    return hashKey(keys, keyOffsets[block] ?? 0, keyOffsets[block + 1] ?? 0);
  }

  /** The last block that begins at or before the position (key, revision); -1 if all begin behind it. */
  lastBlockNotBehind(key: SearchKey, revision: Revision): number {
    let low = 0;
    let high = this.descriptor.blocks;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#compareFirst(middle, key, revision) <= 0) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }

  /** Whether the first cell of the block is a version of the key. */
  beginsWith(block: number, key: SearchKey): boolean {
    return this.#compareFirstKey(block, key) === 0;
  }

  #compareFirst(block: number, key: SearchKey, revision: Revision): number {
    const byKey = this.#compareFirstKey(block, key);
    return byKey === 0 ? revision - (this.#tail.revisions[block] ?? 0) : byKey;
  }

  #compareFirstKey(block: number, key: SearchKey): number {
    const { keyOffsets, keys } = this.#tail;
    return key.compareWith(keys, keyOffsets[block] ?? 0, keyOffsets[block + 1] ?? 0);
  }
}

export function tailBytes(shape: TailShape): number {
  return shape.blocks * 12 + 4 + shape.filterWords * 4 + shape.firstKeyBytes;
}

/**
 * Packs cells and tails into blocks, and blocks into the chunks in which they are written: one write to the
 * environment is a chunk, not a cell and not a block.
 */
import type { BlockBatch, RunDevice, RunId } from "./block-device.ts";
import {
  blockContent,
  blockHeaderBytes,
  cellBlockBytes,
  cellBlockBytesMax,
  checksumBytes,
  offsetAt,
  offsetBytes,
  offsetMax,
  sealBlock,
  storedBytes,
  tailBlockBytes,
  wholePages,
  type BlockContent,
} from "./block-format.ts";

/** Bounds one commit, how long the log's flushes wait behind it, and the memory a run takes while it is written. */
export const chunkBytes = 512 * 1024;

const cellsPerBlockMax = 512;
/** A block filled to this part is not made larger. */
const fullEnough = 7 / 8;

export class BlockPacker {
  /** Where the next cell is written: at `at`, with room for what `place` was asked for. */
  chunk: Uint8Array<ArrayBuffer>;
  view: DataView;
  at = 0;
  /** Blocks begun so far. */
  blocks = 0;
  /** What they take on disk. */
  bytes = 0;
  readonly #device: RunDevice;
  readonly #run: RunId;
  readonly #emit: (batch: BlockBatch) => void;
  /** Offsets, within their block, of the cells in the open block. */
  readonly #offsets = new Uint16Array(cellsPerBlockMax);
  #count = 0;
  #start = 0;
  /** Room the open block has, its header included. */
  #length = 0;
  #lengths: number[] = [];

  constructor(device: RunDevice, run: RunId, emit: (batch: BlockBatch) => void) {
    this.#device = device;
    this.#run = run;
    this.#emit = emit;
    this.chunk = device.chunk(chunkBytes);
    this.view = viewOf(this.chunk);
  }

  /** Makes room for a cell at `at`; true if it is the first of a new block. */
  place(cellBytes: number): boolean {
    if (this.#count > 0 && this.#makeRoom(cellBytes)) {
      this.#offsets[this.#count] = this.at - this.#start;
      this.#count += 1;
      return false;
    }
    this.closeCells();
    const needed = wholePages(blockHeaderBytes + cellBytes + offsetBytes + checksumBytes);
    this.#open(Math.max(cellBlockBytes, needed));
    this.#offsets[0] = blockHeaderBytes;
    this.#count = 1;
    return true;
  }

  /** Whether the open block takes one more cell; one that is still rather empty is made larger for it. */
  #makeRoom(cellBytes: number): boolean {
    if (this.#count === cellsPerBlockMax || this.at - this.#start > offsetMax) return false;
    const used = this.at - this.#start + (this.#count + 1) * offsetBytes + checksumBytes;
    if (used + cellBytes <= this.#length) return true;
    const larger = wholePages(used + cellBytes);
    const fits = larger <= cellBlockBytesMax && this.#start + larger <= this.chunk.length;
    if (!fits || used > this.#length * fullEnough) return false;
    this.#length = larger;
    return true;
  }

  /** Ends the open block of cells, if there is one. */
  closeCells(): void {
    if (this.#count === 0) return;
    const used = this.at - this.#start + this.#count * offsetBytes + checksumBytes;
    const length = wholePages(used);
    for (let position = 0; position < this.#count; position += 1) {
      const at = this.#start + offsetAt(length, this.#count, position);
      this.view.setUint16(at, this.#offsets[position] ?? 0, true);
    }
    const offsetsAt = this.#start + offsetAt(length, this.#count, 0);
    this.#seal(blockContent.cells, length, offsetsAt);
  }

  /** Packs a piece of a tail, beginning at `from`; returns where the next piece begins. */
  packTail(tail: Uint8Array, from: number): number {
    const room = tailBlockBytes - blockHeaderBytes - checksumBytes;
    const piece = tail.subarray(from, from + room);
    const length = wholePages(blockHeaderBytes + piece.length + checksumBytes);
    this.#open(length);
    this.chunk.set(piece, this.at);
    this.at += piece.length;
    this.#seal(blockContent.tail, length, this.#start + length - checksumBytes);
    return from + piece.length;
  }

  /** Hands over what is packed. */
  flush(): void {
    if (this.#lengths.length === 0) return;
    this.#emit({
      run: this.#run,
      firstBlock: this.blocks - this.#lengths.length,
      lengths: this.#lengths,
      chunk: this.chunk,
    });
    this.#lengths = [];
    this.#start = 0;
    this.chunk = new Uint8Array(0);
  }

  #open(length: number): void {
    if (this.#start + length > this.chunk.length) {
      this.flush();
      this.chunk = this.#device.chunk(Math.max(chunkBytes, length));
      this.view = viewOf(this.chunk);
    }
    this.at = this.#start + blockHeaderBytes;
    this.#length = length;
  }

  #seal(content: BlockContent, length: number, contentRoomEnd: number): void {
    // The chunk was used before: what is not written now would be another block's bytes.
    this.chunk.fill(0, this.at, contentRoomEnd);
    sealBlock(this.chunk, this.view, this.#start, length, {
      run: this.#run,
      block: this.blocks,
      content,
      count: this.#count,
      contentEnd: this.at - this.#start,
    });
    this.#lengths.push(length);
    this.blocks += 1;
    this.bytes += storedBytes(length);
    this.#start += length;
    this.#count = 0;
  }
}

function viewOf(chunk: Uint8Array<ArrayBuffer>): DataView {
  return new DataView(chunk.buffer, chunk.byteOffset, chunk.byteLength);
}

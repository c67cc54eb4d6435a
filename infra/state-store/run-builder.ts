/** Makes a run out of cells that come in order: its blocks, which leave chunk by chunk, and then its tail. */
import type { CutCell } from "../../kv/checkpoint.ts";
import type { Space } from "../../kv/state-reader.ts";
import type { Revision } from "../../kv/revision.ts";
import { versionKind } from "../../kv/version.ts";
import { invariant } from "../../machines/invariant.ts";
import type { BlockBatch, RunDevice, RunId } from "./block-device.ts";
import { BlockPacker } from "./block-packer.ts";
import { addToFilter, filterWords } from "./bloom-filter.ts";
import { cellHeadBytes, kindOf, writeCellHead } from "./cell-format.ts";
import { copyBytes } from "./copy-bytes.ts";
import { KeyWriter } from "./key-writer.ts";
import type { RunCursor } from "./run-cursor.ts";
import { RunTail, type RunDescriptor } from "./run.ts";
import { compareKeys, hashKey } from "./stored-key.ts";

const hashesPerPiece = 16_384;

export class RunBuilder {
  readonly #run: RunId;
  readonly #packer: BlockPacker;
  readonly #keys = new KeyWriter();
  /** Hashes of all keys so far, in pieces; the filter is made when their number is known. */
  readonly #hashes: Uint32Array[] = [];
  #hashPiece = new Uint32Array(hashesPerPiece);
  #hashCount = 0;
  readonly #firstRevisions: Revision[] = [];
  readonly #firstKeyOffsets: number[] = [];
  #firstKeys = new Uint8Array(4096);
  #firstKeyBytes = 0;
  #cells = 0;
  #tombstones = 0;
  /** The last cell's, in the packer's chunk as long as its block is open. */
  #keyStart = 0;
  #keyEnd = 0;
  #revision: Revision = 0;
  #minRevision: Revision = Number.MAX_SAFE_INTEGER;
  #maxRevision: Revision = 0;
  #cellBlocks = 0;
  #tail: RunTail | undefined;
  #filtered = 0;
  #tailPacked = 0;

  constructor(device: RunDevice, run: RunId, emit: (batch: BlockBatch) => void) {
    this.#run = run;
    this.#packer = new BlockPacker(device, run, emit);
  }

  /** `newKey`: the key differs from the one before. Returns whether the cell is the first of its block. */
  add(newKey: boolean, of: Space, cell: CutCell): boolean {
    const { key, start, end } = cell;
    const packer = this.#packer;
    const headBytes = cellHeadBytes(cell.expiresAt);
    const keyBytes = 1 + key.length;
    const opens = packer.place(headBytes + keyBytes + end - start);
    const { view } = packer;
    writeCellHead(view, packer.at, cell);
    const keyStart = packer.at + headBytes;
    const keyEnd = keyStart + keyBytes;
    const keys = this.#keys;
    keys.write(view, keyStart, of, key, this.#keyStart, opens ? this.#keyStart : this.#keyEnd);
    copyBytes(cell.bytes, start, end, view, keyEnd);
    packer.at = keyEnd + end - start;
    if (!opens) this.#checkOrder(newKey, keys.order, cell.revision);
    if (newKey) this.#noteHash(keys.hash);
    if (cell.kind === versionKind.tombstone) this.#tombstones += 1;
    this.#note(opens, keyStart, keyEnd, cell.revision);
    return opens;
  }

  /** Adds the cell a cursor stands on, as it is. */
  addFrom(newKey: boolean, cursor: RunCursor): void {
    const packer = this.#packer;
    const { cell, cellEnd } = cursor;
    const opens = packer.place(cellEnd - cell);
    const start = packer.at;
    const { view } = packer;
    copyBytes(cursor.view, cell, cellEnd, view, start);
    packer.at += cellEnd - cell;
    const keyStart = start + cursor.keyStart - cell;
    const keyEnd = start + cursor.keyEnd - cell;
    if (!opens) {
      const order = compareKeys(view, this.#keyStart, this.#keyEnd, view, keyStart, keyEnd);
      this.#checkOrder(newKey, order, cursor.revision);
    }
    if (newKey) this.#noteHash(hashKey(view, keyStart, keyEnd));
    if (kindOf(view, start) === versionKind.tombstone) this.#tombstones += 1;
    this.#note(opens, keyStart, keyEnd, cursor.revision);
  }

  /** One bounded piece of the work behind the last cell; true once all blocks have left. */
  finishSome(): boolean {
    const tail = (this.#tail ??= this.#closeCells());
    const piece = this.#hashes[this.#filtered];
    if (piece !== undefined) {
      addToFilter(tail.filter, piece);
      this.#filtered += 1;
      return false;
    }
    const bytes = new Uint8Array(tail.buffer);
    if (this.#cells > 0 && this.#tailPacked < bytes.length) {
      for (let count = 0; count < 16 && this.#tailPacked < bytes.length; count += 1) {
        this.#tailPacked = this.#packer.packTail(bytes, this.#tailPacked);
      }
      return false;
    }
    this.#packer.flush();
    return true;
  }

  /** The finished run; undefined if no cell was added. */
  finished(): { readonly descriptor: RunDescriptor; readonly tail: RunTail } | undefined {
    if (this.#tail === undefined || this.#cells === 0) return undefined;
    return {
      descriptor: {
        ...this.#shape(),
        id: this.#run,
        tailBlocks: this.#packer.blocks - this.#cellBlocks,
        cells: this.#cells,
        keys: this.#hashCount,
        tombstones: this.#tombstones,
        bytes: this.#packer.bytes,
        minRevision: this.#minRevision,
        maxRevision: this.#maxRevision,
      },
      tail: this.#tail,
    };
  }

  #note(opensBlock: boolean, keyStart: number, keyEnd: number, revision: Revision): void {
    this.#cells += 1;
    if (revision < this.#minRevision) this.#minRevision = revision;
    if (revision > this.#maxRevision) this.#maxRevision = revision;
    if (opensBlock) {
      this.#firstRevisions.push(revision);
      this.#noteFirstKey(this.#packer.chunk.subarray(keyStart, keyEnd));
    }
    this.#keyStart = keyStart;
    this.#keyEnd = keyEnd;
    this.#revision = revision;
  }

  /** Searching a block relies on it. `order`: of the block's last key and the one that comes behind it. */
  #checkOrder(newKey: boolean, order: number, revision: Revision): void {
    if (newKey ? order < 0 : order === 0 && this.#revision > revision) return;
    const at = { run: this.#run, cell: this.#cells, newKey, revision, after: this.#revision };
    invariant(false, "a run's cells come in order", at);
  }

  #noteHash(hash: number): void {
    const at = this.#hashCount % hashesPerPiece;
    if (at === 0 && this.#hashCount > 0) {
      this.#hashes.push(this.#hashPiece);
      this.#hashPiece = new Uint32Array(hashesPerPiece);
    }
    this.#hashPiece[at] = hash;
    this.#hashCount += 1;
  }

  #noteFirstKey(key: Uint8Array): void {
    const end = this.#firstKeyBytes + key.length;
    if (end > this.#firstKeys.length) {
      const larger = new Uint8Array(2 * end);
      larger.set(this.#firstKeys);
      this.#firstKeys = larger;
    }
    this.#firstKeys.set(key, this.#firstKeyBytes);
    this.#firstKeyOffsets.push(this.#firstKeyBytes);
    this.#firstKeyBytes = end;
  }

  #shape(): Pick<RunDescriptor, "blocks" | "filterWords" | "firstKeyBytes"> {
    return {
      blocks: this.#cellBlocks,
      filterWords: filterWords(this.#hashCount),
      firstKeyBytes: this.#firstKeyBytes,
    };
  }

  #closeCells(): RunTail {
    this.#packer.closeCells();
    this.#cellBlocks = this.#packer.blocks;
    const inLastPiece = this.#hashCount - this.#hashes.length * hashesPerPiece;
    this.#hashes.push(this.#hashPiece.subarray(0, inLastPiece));
    const tail = new RunTail(this.#shape());
    tail.revisions.set(this.#firstRevisions);
    tail.keyOffsets.set(this.#firstKeyOffsets);
    tail.keyOffsets[this.#cellBlocks] = this.#firstKeyBytes;
    const { keys } = tail;
    new Uint8Array(keys.buffer, keys.byteOffset, keys.byteLength).set(
      this.#firstKeys.subarray(0, this.#firstKeyBytes),
    );
    return tail;
  }
}

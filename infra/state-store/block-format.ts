/**
 * The block: the unit in which cells are written, checked and read. It carries its own identity and a
 * checksum over all of itself, so that a torn, rotten or misplaced block is reported and never served.
 *
 *     offset  bytes
 *     0       1     format version
 *     1       1     content: cells or a piece of a run's tail
 *     2       2     number of cells
 *     4       8     run
 *     12      4     number of the block within its run
 *     16      4     offset behind the content
 *     20      ...   content, then zeros
 *     -4-2n   2n    offset of each cell
 *     -4      4     CRC-32 of everything before it
 *
 * Numbers are little-endian.
 */
import { crc32 } from "node:zlib";
import { SynodError } from "../errors/synod-error.ts";
import type { BlockBytes, RunDevice, RunId } from "./block-device.ts";
import { corruptState } from "./corrupt-state.ts";

const formatVersion = 1;

/** LMDB stores a value of more than half a page on pages of its own, behind a header of 24 bytes. */
const pageBytes = 4096;
const pageHeaderBytes = 24;

export const blockHeaderBytes = 20;
export const offsetBytes = 2;
/** A cell that would begin behind it, where the block holds a large value, begins another block. */
export const offsetMax = 0xffff;
export const checksumBytes = 4;

/**
 * Cells are packed into blocks that fill one page exactly: a point read copies and checks a whole block. Larger
 * cells are packed into blocks of more pages, so that little of them stays empty.
 */
export const cellBlockBytes = pageBytes - pageHeaderBytes;
export const cellBlockBytesMax = 4 * pageBytes - pageHeaderBytes;
export const tailBlockBytes = 16 * pageBytes - pageHeaderBytes;

export const blockContent = { cells: 1, tail: 2 } as const;
export type BlockContent = (typeof blockContent)[keyof typeof blockContent];

/** A checksum over bytes that end with their own CRC-32 is this constant. */
const intactChecksum = 0x2144df1c;

/** The smallest block length that holds `bytes` and fills whole pages. */
export function wholePages(bytes: number): number {
  return Math.ceil((bytes + pageHeaderBytes) / pageBytes) * pageBytes - pageHeaderBytes;
}

export function blockPages(length: number): number {
  return (length + pageHeaderBytes) / pageBytes;
}

/** Bytes the blocks of this length take in the environment. */
export function storedBytes(length: number): number {
  return length + pageHeaderBytes;
}

export interface BlockIdentity {
  readonly run: RunId;
  readonly block: number;
}

/** Writes header and checksum around content that is already in place at `start..start + length`. */
export function sealBlock(
  chunk: Uint8Array,
  view: DataView,
  start: number,
  length: number,
  header: BlockIdentity & {
    readonly content: BlockContent;
    readonly count: number;
    readonly contentEnd: number;
  },
): void {
  view.setUint8(start, formatVersion);
  view.setUint8(start + 1, header.content);
  view.setUint16(start + 2, header.count, true);
  view.setUint32(start + 4, header.run >>> 0, true);
  view.setUint32(start + 8, Math.floor(header.run / 2 ** 32), true);
  view.setUint32(start + 12, header.block, true);
  view.setUint32(start + 16, header.contentEnd, true);
  const checksumAt = start + length - checksumBytes;
  view.setUint32(checksumAt, crc32(chunk.subarray(start, checksumAt)), true);
}

/**
 * Reads a block and throws `CORRUPT_STORE` unless it is intact and the one that was asked for. `isTrusted`: its checksum
 * was right a moment ago, and is not looked at.
 */
export function readBlock(
  device: RunDevice,
  run: RunId,
  number: number,
  content: BlockContent,
  isTrusted = false,
): BlockBytes {
  const block = device.read(run, number);
  if (block === undefined) throw corrupt(run, number, "is missing");
  const { bytes, view } = block;
  if (bytes.length < blockHeaderBytes + checksumBytes) throw corrupt(run, number, "is cut short");
  const isIntact = isTrusted || crc32(bytes) === intactChecksum;
  if (!isIntact) throw corrupt(run, number, "fails its checksum");
  if (view.getUint8(0) !== formatVersion) {
    throw new SynodError(
      "INCOMPATIBLE_VERSION",
      `block ${number} of run ${run} in the state store has format version ${view.getUint8(0)}; this program reads ${formatVersion}`,
    );
  }
  if (
    view.getUint32(4, true) !== run >>> 0 ||
    view.getUint32(8, true) !== Math.floor(run / 2 ** 32) ||
    view.getUint32(12, true) !== number ||
    view.getUint8(1) !== content
  ) {
    throw corrupt(run, number, describeStranger(view));
  }
  return block;
}

export function cellCount(block: BlockBytes): number {
  return block.view.getUint16(2, true);
}

export function contentEnd(block: BlockBytes): number {
  return block.view.getUint32(16, true);
}

/** Where the offset of cell `position` stands in a block of `length` bytes with `count` cells. */
export function offsetAt(length: number, count: number, position: number): number {
  return length - checksumBytes - (count - position) * offsetBytes;
}

function describeStranger(view: DataView): string {
  const run = view.getUint32(8, true) * 2 ** 32 + view.getUint32(4, true);
  return `holds block ${view.getUint32(12, true)} of run ${run} (content ${view.getUint8(1)}) instead`;
}

function corrupt(run: RunId, number: number, what: string): SynodError {
  return corruptState(`block ${number} of run ${run} ${what}`);
}

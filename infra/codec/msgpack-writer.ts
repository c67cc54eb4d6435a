/**
 * Writes msgpack into slabs of memory that are never reused: a finished message is a view on its slab, valid for
 * as long as anyone keeps it, and costs no allocation of its own.
 */
import type { InternalKey } from "../../kv/state-reader.ts";

const slabBytes = 256 * 1024;
/** How much more than needed a slab gets when a message does not fit. */
const growth = 2;

interface ByteStrings extends Uint8Array {
  latin1Write(text: string, at: number, length: number): number;
}

export class MsgpackWriter {
  #slab: Buffer = Buffer.allocUnsafeSlow(slabBytes);
  /** Where the message at hand begins in the slab. */
  #start = 0;
  #at = 0;

  /** Bytes of the message so far. */
  get length(): number {
    return this.#at - this.#start;
  }

  /** Forgets what was written of a message that is not to be finished. */
  discard(): void {
    this.#at = this.#start;
  }

  /** The message written since the last one was finished. */
  finish(): Uint8Array {
    const message = this.#slab.subarray(this.#start, this.#at);
    this.#start = this.#at;
    return message;
  }

  nil(): void {
    this.#reserve(1);
    this.#slab[this.#at++] = 0xc0;
  }

  boolean(value: boolean): void {
    this.#reserve(1);
    this.#slab[this.#at++] = value ? 0xc3 : 0xc2;
  }

  array(length: number): void {
    this.#reserve(5);
    if (length < 16) this.#slab[this.#at++] = 0x90 | length;
    else if (length < 0x1_0000) this.#head(0xdc, 2, length);
    else this.#head(0xdd, 4, length);
  }

  /** A safe integer, in the shortest form. */
  integer(value: number): void {
    this.#reserve(9);
    if (value >= 0) this.#unsigned(value);
    else if (value >= -32) this.#slab[this.#at++] = 0x100 + value;
    else if (value >= -0x80) this.#head(0xd0, 1, value + 0x100);
    else if (value >= -0x8000) this.#head(0xd1, 2, value + 0x1_0000);
    else if (value >= -0x8000_0000) this.#head(0xd2, 4, value + 0x1_0000_0000);
    else {
      const high = Math.floor(value / 0x1_0000_0000);
      this.#head(0xd3, 4, high + 0x1_0000_0000);
      this.#bigEndian(4, value - high * 0x1_0000_0000);
    }
  }

  /** UTF-8 text. */
  text(value: string): void {
    const length = Buffer.byteLength(value, "utf8");
    this.#reserve(5 + length);
    if (length < 32) this.#slab[this.#at++] = 0xa0 | length;
    else if (length < 0x100) this.#head(0xd9, 1, length);
    else if (length < 0x1_0000) this.#head(0xda, 2, length);
    else this.#head(0xdb, 4, length);
    this.#at += this.#slab.write(value, this.#at, "utf8");
  }

  /** A string of bytes, one character each. */
  byteString(value: InternalKey): void {
    const length = value.length;
    this.#reserve(5 + length);
    this.#binaryHead(length);
    (this.#slab as Uint8Array as ByteStrings).latin1Write(value, this.#at, length);
    this.#at += length;
  }

  /** A few bytes that are msgpack already: copied one by one, because that is faster for so few. */
  encoded(source: Uint8Array): void {
    const { length } = source;
    this.#reserve(length);
    const slab = this.#slab;
    const start = this.#at;
    for (let at = 0; at < length; at++) slab[start + at] = source[at] as number;
    this.#at = start + length;
  }

  bytes(source: Uint8Array, start = 0, end = source.length): void {
    const length = end - start;
    this.#reserve(5 + length);
    this.#binaryHead(length);
    this.#slab.set(length === source.length ? source : source.subarray(start, end), this.#at);
    this.#at += length;
  }

  #unsigned(value: number): void {
    if (value < 0x80) this.#slab[this.#at++] = value;
    else if (value < 0x100) this.#head(0xcc, 1, value);
    else if (value < 0x1_0000) this.#head(0xcd, 2, value);
    else if (value < 0x1_0000_0000) this.#head(0xce, 4, value);
    else {
      this.#head(0xcf, 4, Math.floor(value / 0x1_0000_0000));
      this.#bigEndian(4, value % 0x1_0000_0000);
    }
  }

  #binaryHead(length: number): void {
    if (length < 0x100) this.#head(0xc4, 1, length);
    else if (length < 0x1_0000) this.#head(0xc5, 2, length);
    else this.#head(0xc6, 4, length);
  }

  #head(type: number, width: number, value: number): void {
    this.#slab[this.#at++] = type;
    this.#bigEndian(width, value);
  }

  #bigEndian(width: number, value: number): void {
    const slab = this.#slab;
    if (width === 4) {
      slab[this.#at++] = value >>> 24;
      slab[this.#at++] = value >>> 16;
    }
    if (width > 1) slab[this.#at++] = value >>> 8;
    slab[this.#at++] = value;
  }

  /** Makes room for `length` more bytes, moving the message at hand to a new slab where this one is too small. */
  #reserve(length: number): void {
    if (this.#at + length <= this.#slab.length) return;
    const written = this.length;
    const needed = (written + length) * growth;
    const slab = Buffer.allocUnsafeSlow(Math.max(slabBytes, needed));
    this.#slab.copy(slab, 0, this.#start, this.#at);
    this.#slab = slab;
    this.#start = 0;
    this.#at = written;
  }
}

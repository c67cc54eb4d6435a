/**
 * Reads msgpack with a cursor: the caller says what it expects next, so nothing is built that is not wanted and
 * nothing is allocated on the word of a length that the input does not have. Throws `MalformedBytes`.
 */
import { malformed } from "./malformed.ts";

/** Node's own slice into a one-byte string; `toString("latin1")` is the same behind a lookup per call. */
interface ByteStrings extends Uint8Array {
  latin1Slice(start: number, end: number): string;
}

const nil = 0xc0;

export class MsgpackReader {
  /** Of the last byte string read: its window. */
  windowStart = 0;
  windowEnd = 0;
  #bytes: Buffer = Buffer.alloc(0);
  #at = 0;
  #end = 0;
  /** The last few names read, in no order: the same ones come back with every frame. */
  readonly #recentTexts: string[] = ["", "", "", ""];
  #nextText = 0;

  /** Starts reading `[start, end)` of `bytes`. */
  reset(bytes: Uint8Array, start = 0, end = bytes.length): void {
    this.#bytes = bufferOver(bytes);
    this.#at = start;
    this.#end = end;
  }

  get position(): number {
    return this.#at;
  }

  /** Fails unless everything was read. */
  finish(): void {
    if (this.#at !== this.#end) throw malformed(`${this.#end - this.#at} bytes too many`);
  }

  /** Skips a nil if one comes next. */
  skipNil(): boolean {
    if (this.#at >= this.#end || this.#bytes[this.#at] !== nil) return false;
    this.#at++;
    return true;
  }

  /** Whether the next value is text or bytes. */
  get atBytes(): boolean {
    const first = this.#at < this.#end ? (this.#bytes[this.#at] as number) : 0;
    return (
      (first & 0xe0) === 0xa0 ||
      (first >= 0xd9 && first <= 0xdb) ||
      (first >= 0xc4 && first <= 0xc6)
    );
  }

  /** Whether the next value is an array. */
  get atArray(): boolean {
    const first = this.#at < this.#end ? (this.#bytes[this.#at] as number) : 0;
    return (first & 0xf0) === 0x90 || first === 0xdc || first === 0xdd;
  }

  /** The number of elements of the array that begins here, never more than there are bytes left. */
  arrayLength(): number {
    const first = this.#byte();
    let length: number;
    if ((first & 0xf0) === 0x90) length = first & 0x0f;
    else if (first === 0xdc) length = this.#unsigned(2);
    else if (first === 0xdd) length = this.#unsigned(4);
    else throw unexpected("an array", first);
    if (length > this.#end - this.#at) throw malformed(`an array of ${length} is cut short`);
    return length;
  }

  /** A safe integer, whatever its width. */
  integer(): number {
    const first = this.#byte();
    if (first < 0x80) return first;
    if (first >= 0xe0) return first - 0x100;
    if (first >= 0xcc && first <= 0xce) return this.#unsigned(1 << (first - 0xcc));
    if (first === 0xcf || first === 0xd3) return this.#wide(first === 0xd3);
    if (first >= 0xd0 && first <= 0xd2) return this.#signed(1 << (first - 0xd0));
    if (first === 0xca || first === 0xcb) return this.#integralFloat(first === 0xca ? 4 : 8);
    throw unexpected("an integer", first);
  }

  /** A safe integer that is not negative. */
  unsigned(): number {
    const value = this.integer();
    if (value < 0) throw malformed(`${value} is negative`);
    return value;
  }

  boolean(): boolean {
    const first = this.#byte();
    if (first !== 0xc2 && first !== 0xc3) throw unexpected("a boolean", first);
    return first === 0xc3;
  }

  /** Text or bytes: leaves its window behind and returns its length. */
  window(): number {
    const first = this.#byte();
    let length: number;
    if ((first & 0xe0) === 0xa0) length = first & 0x1f;
    else if (first === 0xc4 || first === 0xd9) length = this.#byte();
    else if (first === 0xc5 || first === 0xda) length = this.#unsigned(2);
    else if (first === 0xc6 || first === 0xdb) length = this.#unsigned(4);
    else throw unexpected("text or bytes", first);
    this.windowStart = this.#take(length);
    this.windowEnd = this.#at;
    return length;
  }

  /** The last window as a string of bytes, one character each. */
  windowBytes(): string {
    return (this.#bytes as Uint8Array as ByteStrings).latin1Slice(this.windowStart, this.windowEnd);
  }

  /** A name: UTF-8 text of at most `bytesMax` bytes. */
  text(bytesMax: number): string {
    const length = this.window();
    if (length > bytesMax) throw malformed(`text of ${length} bytes where ${bytesMax} are allowed`);
    for (const recent of this.#recentTexts) {
      if (length === recent.length && this.#windowIs(recent)) return recent;
    }
    const text = this.#bytes.toString("utf8", this.windowStart, this.windowEnd);
    this.#nextText = (this.#nextText + 1) % this.#recentTexts.length;
    this.#recentTexts[this.#nextText] = text;
    return text;
  }

  /** Whether the last window holds exactly this ASCII text. */
  #windowIs(text: string): boolean {
    for (let at = 0; at < text.length; at++) {
      const byte = this.#bytes[this.windowStart + at] as number;
      if (byte !== text.charCodeAt(at) || byte >= 0x80) return false;
    }
    return true;
  }

  #byte(): number {
    if (this.#at >= this.#end) throw malformed("the bytes end too early");
    return this.#bytes[this.#at++] as number;
  }

  /** Steps over `length` bytes and returns where they begin. */
  #take(length: number): number {
    const start = this.#at;
    if (length > this.#end - start) throw malformed(`${length} bytes are cut short`);
    this.#at = start + length;
    return start;
  }

  #unsigned(width: number): number {
    const start = this.#take(width);
    let value = 0;
    for (let at = start; at < start + width; at++)
      value = value * 256 + (this.#bytes[at] as number);
    return value;
  }

  #signed(width: number): number {
    const value = this.#unsigned(width);
    const half = 2 ** (8 * width - 1);
    return value < half ? value : value - 2 * half;
  }

  #wide(signed: boolean): number {
    const high = signed ? this.#signed(4) : this.#unsigned(4);
    const value = high * 0x1_0000_0000 + this.#unsigned(4);
    if (!Number.isSafeInteger(value)) throw malformed("an integer of more than 53 bits");
    return value;
  }

  /** Some languages have one number type and write large integers as floats. */
  #integralFloat(width: 4 | 8): number {
    const at = this.#take(width);
    const value = width === 4 ? this.#bytes.readFloatBE(at) : this.#bytes.readDoubleBE(at);
    if (!Number.isSafeInteger(value)) throw malformed(`${value} is not a safe integer`);
    return value === 0 ? 0 : value;
  }
}

function bufferOver(bytes: Uint8Array): Buffer {
  if (Buffer.isBuffer(bytes)) return bytes;
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function unexpected(wanted: string, first: number): Error {
  return malformed(`expected ${wanted}, found type 0x${first.toString(16)}`);
}

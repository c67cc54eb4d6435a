/**
 * Reads a whole msgpack value of any shape: numbers, texts, bytes, lists and maps, and nothing else. What libraries add
 * to the format (references, classes, records) would let a stranger make cycles and objects that nobody expects.
 * Nothing is allocated on the word of a length that the input does not have. Throws `MalformedBytes`.
 */
import { malformed } from "./malformed.ts";

/** Deeper than anything that is sent here. */
const depthMax = 64;
/** Names of clusters, groups and nodes come back with every message. */
const recentTexts: string[] = Array.from({ length: 8 }, () => "");
const recentTextBytesMax = 32;
let nextText = 0;

/** Bytes in the value are windows onto `bytes`. */
export function readMsgpack(bytes: Uint8Array): unknown {
  const reader = new ValueReader(bytes);
  const value = reader.value(0);
  reader.finish();
  return value;
}

class ValueReader {
  readonly #bytes: Buffer;
  #at = 0;
  /** Elements that lists and maps may still claim: each takes a byte at least. */
  #elementsLeft: number;

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.isBuffer(bytes)
      ? bytes
      : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#elementsLeft = bytes.length;
  }

  finish(): void {
    const rest = this.#bytes.length - this.#at;
    if (rest !== 0) throw malformed(`${rest} bytes too many`);
  }

  value(depth: number): unknown {
    if (this.#at >= this.#bytes.length) throw malformed("the bytes end too early");
    const first = this.#bytes[this.#at++] as number;
    if (first < 0x80) return first;
    if (first < 0x90) return this.#map(first & 0x0f, depth);
    if (first < 0xa0) return this.#list(first & 0x0f, depth);
    if (first < 0xc0) return this.#text(first & 0x1f);
    if (first >= 0xe0) return first - 0x100;
    switch (first) {
      case 0xc0:
        return null;
      case 0xc2:
        return false;
      case 0xc3:
        return true;
      case 0xc4:
      case 0xc5:
      case 0xc6:
        return this.#window(this.#unsigned(1 << (first - 0xc4)));
      case 0xca:
        return this.#bytes.readFloatBE(this.#take(4));
      case 0xcb:
        return this.#bytes.readDoubleBE(this.#take(8));
      case 0xcc:
      case 0xcd:
      case 0xce:
      case 0xcf:
        return this.#unsigned(1 << (first - 0xcc));
      case 0xd0:
      case 0xd1:
      case 0xd2:
      case 0xd3:
        return this.#signed(1 << (first - 0xd0));
      case 0xd4:
        return this.#undefined();
      case 0xd9:
      case 0xda:
      case 0xdb:
        return this.#text(this.#unsigned(1 << (first - 0xd9)));
      case 0xdc:
      case 0xdd:
        return this.#list(this.#unsigned(first === 0xdc ? 2 : 4), depth);
      case 0xde:
      case 0xdf:
        return this.#map(this.#unsigned(first === 0xde ? 2 : 4), depth);
      default:
        throw malformed(`a value of type 0x${first.toString(16)}`);
    }
  }

  #list(length: number, depth: number): unknown[] {
    this.#claim(length, depth);
    const list: unknown[] = [];
    for (let at = 0; at < length; at++) list.push(this.value(depth + 1));
    return list;
  }

  #map(length: number, depth: number): Record<string, unknown> {
    this.#claim(2 * length, depth);
    const map: Record<string, unknown> = {};
    for (let at = 0; at < length; at++) {
      const name = this.value(depth + 1);
      if (typeof name !== "string") throw malformed("a map whose names are no texts");
      const value = this.value(depth + 1);
      // That name would be taken for the map's prototype.
      if (name === "__proto__") Object.defineProperty(map, name, { value, enumerable: true });
      else map[name] = value;
    }
    return map;
  }

  #claim(elements: number, depth: number): void {
    if (depth === depthMax) throw malformed(`more than ${depthMax} levels`);
    this.#elementsLeft -= elements;
    if (this.#elementsLeft < 0) throw malformed("a list or map is cut short");
  }

  #text(length: number): string {
    const start = this.#take(length);
    if (length > recentTextBytesMax) return this.#bytes.toString("utf8", start, this.#at);
    for (const recent of recentTexts) {
      if (recent.length === length && this.#isAt(start, recent)) return recent;
    }
    const text = this.#bytes.toString("utf8", start, this.#at);
    nextText = (nextText + 1) % recentTexts.length;
    recentTexts[nextText] = text;
    return text;
  }

  /** Whether exactly this ASCII text stands there. */
  #isAt(start: number, text: string): boolean {
    for (let at = 0; at < text.length; at++) {
      const byte = this.#bytes[start + at] as number;
      if (byte !== text.charCodeAt(at) || byte >= 0x80) return false;
    }
    return true;
  }

  #window(length: number): Uint8Array {
    const start = this.#take(length);
    return this.#bytes.subarray(start, this.#at);
  }

  /** How the library that nodes write with marks a field that is not there. */
  #undefined(): undefined {
    if (this.#unsigned(2) !== 0) throw malformed("an extension of msgpack");
    return undefined;
  }

  #take(length: number): number {
    const start = this.#at;
    if (length > this.#bytes.length - start) throw malformed(`${length} bytes are cut short`);
    this.#at = start + length;
    return start;
  }

  #unsigned(width: number): number {
    const start = this.#take(width);
    let value = 0;
    for (let at = start; at < this.#at; at++) value = value * 256 + (this.#bytes[at] as number);
    return value;
  }

  #signed(width: number): number {
    const start = this.#take(width);
    if (width < 8) return this.#bytes.readIntBE(start, width);
    return this.#bytes.readInt32BE(start) * 0x1_0000_0000 + this.#bytes.readUInt32BE(start + 4);
  }
}

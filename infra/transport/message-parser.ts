/**
 * Takes plain messages apart as they lie in what a socket delivered, and leaves everything else of the protocol of NATS
 * to the package's parser: headers, pings, errors, and messages that come in pieces. For each small message the package
 * makes ten objects and decodes two strings with a call each; here it is one, and the strings that are looked at.
 */
import type { InboundMessage } from "./transport.ts";

/** The package's parser. */
export interface GeneralParser {
  /** Zero = between two commands. */
  readonly state: number;
  parse(bytes: Uint8Array): void;
}

export type TakeMessage = (message: InboundMessage) => void;

/** Node's own slice into a one-byte string; `toString("latin1")` is the same behind a lookup per call. */
interface ByteStrings extends Uint8Array {
  latin1Slice(start: number, end: number): string;
}

const betweenCommands = 0;
/** A longer line without an end is for the package to judge. */
const heldBytesMax = 4096;
const wordsMax = 6;

const lineFeed = 10;
const carriageReturn = 13;
const blank = 32;
const zero = 48;
const letter = { G: 71, H: 72, M: 77, S: 83 } as const;
const firstBeyondAscii = 128;

export class MessageParser {
  readonly #general: GeneralParser;
  /** Who takes the messages of a subscription, by its number; whoever is not here is served by the package. */
  readonly #takers = new Map<number, TakeMessage>();
  /** Bytes that the message under way in the package's parser still lacks. */
  #lacking = 0;
  /** The beginning of a line that was not delivered to its end. */
  #held: Uint8Array | undefined;
  /** Of the line read last: where each word ends, at most so many. */
  readonly #wordEnds = new Uint32Array(wordsMax);
  #words = 0;
  /** Single blanks lie between its words. */
  #isRegular = false;
  #isAscii = false;

  constructor(general: GeneralParser) {
    this.#general = general;
  }

  take(subscription: number, taker: TakeMessage): void {
    this.#takers.set(subscription, taker);
  }

  forget(subscription: number): void {
    this.#takers.delete(subscription);
  }

  /** Throws what the package's parser throws at bytes that are not the protocol. */
  parse(delivered: Uint8Array): void {
    const bytes = this.#withHeld(delivered);
    let at = Math.min(this.#lacking, bytes.length);
    if (at > 0) {
      this.#lacking -= at;
      this.#general.parse(bytes.subarray(0, at));
    }
    while (at < bytes.length) {
      // Inside of what nobody foresaw only the parser that is there can tell where it ends.
      if (this.#general.state !== betweenCommands) return this.#general.parse(bytes.subarray(at));
      at = this.#command(bytes, at);
    }
  }

  #withHeld(delivered: Uint8Array): Uint8Array {
    if (this.#held === undefined) return bufferOver(delivered);
    const bytes = Buffer.concat([this.#held, delivered]);
    this.#held = undefined;
    return bytes;
  }

  /** Returns where the next command begins. */
  #command(bytes: Uint8Array, start: number): number {
    const payload = this.#line(bytes, start);
    if (payload < 0) return this.#hold(bytes, start);
    const hasHeaders = bytes[start] === letter.H;
    if (!isMessage(bytes, hasHeaders ? start + 1 : start)) {
      return this.#leave(bytes, start, payload);
    }
    const words = this.#words;
    const size = this.#isRegular ? this.#numberAt(bytes, words - 1) : -1;
    if (size < 0 || words < 4) return this.#leave(bytes, start, bytes.length);
    const end = payload + size + 2;
    this.#lacking = Math.max(0, end - bytes.length);
    const isPlain = !hasHeaders && this.#isAscii;
    const taker = isPlain ? this.#takers.get(this.#numberAt(bytes, 2)) : undefined;
    if (taker === undefined || this.#lacking > 0) return this.#leave(bytes, start, end);
    const ends = this.#wordEnds;
    const subjectEnd = ends[1] as number;
    const replyStart = (ends[2] as number) + 1;
    const replyEnd = words === 5 ? (ends[3] as number) : replyStart;
    taker(new PlainMessage(bytes, start + 4, subjectEnd, replyStart, replyEnd, payload, end - 2));
    return end;
  }

  /** Notes its words, and returns where the next line begins; negative without an end. */
  #line(bytes: Uint8Array, start: number): number {
    const ends = this.#wordEnds;
    const { length } = bytes;
    let words = 0;
    let isRegular = true;
    let isAscii = true;
    let wordStart = start;
    for (let at = start; at < length; at++) {
      const byte = bytes[at] as number;
      if (byte > blank && byte < firstBeyondAscii) continue;
      if (byte === blank || byte === carriageReturn) {
        const isOdd = byte === carriageReturn && bytes[at + 1] !== lineFeed;
        if (isOdd || at === wordStart || words === wordsMax) isRegular = false;
        else ends[words++] = at;
        wordStart = at + 1;
      } else if (byte === lineFeed) {
        this.#words = words;
        this.#isRegular = isRegular && bytes[at - 1] === carriageReturn;
        this.#isAscii = isAscii;
        return at + 1;
      } else if (byte >= firstBeyondAscii) {
        isAscii = false;
      } else {
        isRegular = false;
      }
    }
    return -1;
  }

  /** The decimal number that is this word; negative when it is none. */
  #numberAt(bytes: Uint8Array, word: number): number {
    const start = word === 0 ? 0 : (this.#wordEnds[word - 1] as number) + 1;
    const end = this.#wordEnds[word] as number;
    if (word < 1 || end - start > 9) return -1;
    let value = 0;
    for (let at = start; at < end; at++) {
      const digit = (bytes[at] as number) - zero;
      if (digit < 0 || digit > 9) return -1;
      value = value * 10 + digit;
    }
    return value;
  }

  /** For the package; what is not there yet will be, without being looked at here. */
  #leave(bytes: Uint8Array, start: number, end: number): number {
    this.#general.parse(bytes.subarray(start, end));
    return end;
  }

  #hold(bytes: Uint8Array, start: number): number {
    if (bytes.length - start > heldBytesMax) return this.#leave(bytes, start, bytes.length);
    this.#held = bytes.slice(start);
    return bytes.length;
  }
}

class PlainMessage implements InboundMessage {
  readonly headers = "none";
  readonly #bytes: Uint8Array;
  readonly #subjectStart: number;
  readonly #subjectEnd: number;
  readonly #replyStart: number;
  readonly #replyEnd: number;
  readonly #payloadStart: number;
  readonly #payloadEnd: number;
  #subject: string | undefined;
  #reply: string | undefined;

  constructor(
    bytes: Uint8Array,
    subjectStart: number,
    subjectEnd: number,
    replyStart: number,
    replyEnd: number,
    payloadStart: number,
    payloadEnd: number,
  ) {
    this.#bytes = bytes;
    this.#subjectStart = subjectStart;
    this.#subjectEnd = subjectEnd;
    this.#replyStart = replyStart;
    this.#replyEnd = replyEnd;
    this.#payloadStart = payloadStart;
    this.#payloadEnd = payloadEnd;
  }

  get subject(): string {
    this.#subject ??= textOf(this.#bytes, this.#subjectStart, this.#subjectEnd);
    return this.#subject;
  }

  get reply(): string | undefined {
    if (this.#replyStart === this.#replyEnd) return undefined;
    this.#reply ??= textOf(this.#bytes, this.#replyStart, this.#replyEnd);
    return this.#reply;
  }

  get payload(): Uint8Array {
    return this.#bytes.subarray(this.#payloadStart, this.#payloadEnd);
  }

  header(): undefined {
    return undefined;
  }
}

function isMessage(bytes: Uint8Array, at: number): boolean {
  return (
    bytes[at] === letter.M &&
    bytes[at + 1] === letter.S &&
    bytes[at + 2] === letter.G &&
    bytes[at + 3] === blank
  );
}

/** It is ASCII. */
function textOf(bytes: Uint8Array, start: number, end: number): string {
  return (bytes as ByteStrings).latin1Slice(start, end);
}

function bufferOver(bytes: Uint8Array): Uint8Array {
  if (Buffer.isBuffer(bytes)) return bytes;
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

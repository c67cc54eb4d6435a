/**
 * Messages put together as the protocol of NATS writes them, so that those of one turn leave as one piece. Bytes that were
 * handed on are never written again: a slow socket may hold them for long.
 */

const blockBytes = 32 * 1024;
/** `PUB`, two blanks, a length and two line ends. */
const overheadBytes = 24;

const blank = 32;
const carriageReturn = 13;
const lineFeed = 10;
const zero = 48;

export class PublishBuffer {
  readonly #send: (commands: Uint8Array) => void;
  #block = Buffer.allocUnsafeSlow(blockBytes);
  /** What lies in front of it in the block was handed on. */
  #begin = 0;
  #at = 0;

  constructor(send: (commands: Uint8Array) => void) {
    this.#send = send;
  }

  get isEmpty(): boolean {
    return this.#at === this.#begin;
  }

  /** Both subjects are visible ASCII; an empty reply is none. */
  add(subject: string, reply: string, payload: Uint8Array): void {
    this.#makeRoom(subject.length + reply.length + payload.length + overheadBytes);
    const block = this.#block;
    let at = this.#at;
    block[at++] = 80;
    block[at++] = 85;
    block[at++] = 66;
    block[at++] = blank;
    at = writeText(block, at, subject);
    block[at++] = blank;
    if (reply !== "") {
      at = writeText(block, at, reply);
      block[at++] = blank;
    }
    at = writeDecimal(block, at, payload.length);
    block[at++] = carriageReturn;
    block[at++] = lineFeed;
    block.set(payload, at);
    at += payload.length;
    block[at++] = carriageReturn;
    block[at++] = lineFeed;
    this.#at = at;
  }

  flush(): void {
    if (this.isEmpty) return;
    const commands = this.#block.subarray(this.#begin, this.#at);
    this.#begin = this.#at;
    this.#send(commands);
  }

  #makeRoom(bytes: number): void {
    if (this.#at + bytes <= this.#block.length) return;
    this.flush();
    this.#block = Buffer.allocUnsafeSlow(Math.max(blockBytes, bytes));
    this.#begin = 0;
    this.#at = 0;
  }
}

/** Faster than a call of Node's for so few characters. */
function writeText(block: Uint8Array, start: number, text: string): number {
  for (let index = 0; index < text.length; index++) block[start + index] = text.charCodeAt(index);
  return start + text.length;
}

function writeDecimal(block: Uint8Array, start: number, value: number): number {
  let digits = 1;
  for (let bound = 10; bound <= value; bound *= 10) digits++;
  let rest = value;
  for (let at = start + digits - 1; at >= start; at--) {
    block[at] = zero + (rest % 10);
    rest = Math.floor(rest / 10);
  }
  return start + digits;
}

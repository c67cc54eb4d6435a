/**
 * Answers to requests that were executed one after the other, kept and given up together. They lie behind each other
 * in pages of bytes that only grow, so that a checkpoint takes what is new as it lies there, and a page costs the
 * garbage collector nothing, however many answers it holds.
 *
 * An answer in a page: the identity, 16 bytes; the length of what follows, 4 bytes; the answer as the codec wrote it.
 */
import { invariant } from "../../machines/invariant.ts";
import type { RequestId } from "../frame.ts";
import type { Revision } from "../revision.ts";

const identityBytes = 16;
const headBytes = identityBytes + 4;
/** Where an answer begins in its page is below this; only one that lies in its page alone may be longer. */
const pageBytes = 64 * 1024;
const pageBytesAtFirst = 1024;
const placesAtFirst = 256;

/** Bytes of one cell of a checkpoint. */
export interface RequestPage {
  bytes: Uint8Array;
  length: number;
  /** What the last cut took. */
  saved: number;
}

/** Where the codec's bytes of an answer lie. */
export interface FoundAnswer {
  readonly source: Uint8Array;
  readonly start: number;
  readonly end: number;
}

export class RequestGeneration {
  /** Names its cells in this replica's checkpoints. */
  readonly number: number;
  readonly pages: RequestPage[] = [];
  #firstRevision: Revision = 0;
  #lastRevision: Revision = 0;
  #bytes = 0;
  #count = 0;
  /**
   * Open addressing by the identity's first bytes, two numbers for each place: page * pageBytes + offset + 1, or 0; and
   * the identity's next bytes, so that the pages of what is not searched for are left alone. At most half of it is taken.
   */
  #places = new Uint32Array(2 * placesAtFirst);

  constructor(number: number) {
    this.number = number;
  }

  /** Behind the first request in it. */
  get firstRevision(): Revision {
    return this.#firstRevision;
  }

  /** Behind the last request in it. */
  get lastRevision(): Revision {
    return this.#lastRevision;
  }

  get bytes(): number {
    return this.#bytes;
  }

  add(identity: RequestId, answer: Uint8Array, revision: Revision): void {
    const length = headBytes + answer.length;
    const page = this.#pageFor(length);
    const at = page.length;
    const { bytes } = page;
    for (let index = 0; index < identityBytes; index++) {
      bytes[at + index] = identity.charCodeAt(index);
    }
    writeLength(bytes, at + identityBytes, answer.length);
    bytes.set(answer, at + headBytes);
    page.length += length;
    this.#note((this.pages.length - 1) * pageBytes + at, length, revision);
  }

  /** Takes a page of a checkpoint; `revisionOf` tells the revision behind the answer that lies there. */
  load(bytes: Uint8Array, revisionOf: (found: FoundAnswer) => Revision): void {
    this.pages.push({ bytes, length: bytes.length, saved: bytes.length });
    const base = (this.pages.length - 1) * pageBytes;
    for (let at = 0; at < bytes.length;) {
      const found = answerAt(bytes, at);
      this.#note(base + at, found.end - at, revisionOf(found));
      at = found.end;
    }
  }

  find(identity: RequestId): FoundAnswer | undefined {
    const places = this.#places;
    const mask = places.length - 2;
    const tag = tagOf(identity);
    for (let place = 2 * hashOf(identity); ; place += 2) {
      place &= mask;
      const position = (places[place] as number) - 1;
      if (position < 0) return undefined;
      if (places[place + 1] !== tag) continue;
      const page = this.pages[Math.floor(position / pageBytes)] as RequestPage;
      const at = position % pageBytes;
      if (liesAt(page.bytes, at, identity)) return answerAt(page.bytes, at);
    }
  }

  #note(position: number, length: number, revision: Revision): void {
    this.#bytes += length;
    this.#count += 1;
    if (this.#count === 1) this.#firstRevision = revision;
    this.#lastRevision = revision;
    if (4 * this.#count > this.#places.length) this.#grow();
    const { bytes } = this.pages[Math.floor(position / pageBytes)] as RequestPage;
    const at = position % pageBytes;
    this.#place(numberAt(bytes, at), position + 1, numberAt(bytes, at + 4));
  }

  #place(hash: number, position: number, tag: number): void {
    const places = this.#places;
    const mask = places.length - 2;
    let place = (2 * hash) & mask;
    while (places[place] !== 0) place = (place + 2) & mask;
    places[place] = position;
    places[place + 1] = tag;
  }

  #grow(): void {
    const before = this.#places;
    this.#places = new Uint32Array(2 * before.length);
    for (let place = 0; place < before.length; place += 2) {
      const position = before[place] as number;
      if (position === 0) continue;
      const { bytes } = this.pages[Math.floor((position - 1) / pageBytes)] as RequestPage;
      const hash = numberAt(bytes, (position - 1) % pageBytes);
      this.#place(hash, position, before[place + 1] as number);
    }
  }

  /** The page that has room. Its bytes move when it grows; a cut goes on reading them where they were. */
  #pageFor(length: number): RequestPage {
    const last = this.pages.at(-1);
    if (last === undefined || last.length + length > pageBytes) {
      const bytes = new Uint8Array(Math.max(pageBytesAtFirst, length));
      const page = { bytes, length: 0, saved: 0 };
      this.pages.push(page);
      return page;
    }
    if (last.length + length > last.bytes.length) {
      const room = Math.min(pageBytes, Math.max(2 * last.bytes.length, last.length + length));
      const bytes = new Uint8Array(room);
      bytes.set(last.bytes.subarray(0, last.length));
      last.bytes = bytes;
    }
    return last;
  }
}

function answerAt(source: Uint8Array, at: number): FoundAnswer {
  const start = at + headBytes;
  const length =
    start <= source.length
      ? (source[start - 4] as number) * 0x100_0000 +
        (source[start - 3] as number) * 0x1_0000 +
        (source[start - 2] as number) * 0x100 +
        (source[start - 1] as number)
      : 0;
  const end = start + length;
  invariant(end <= source.length, "a page holds whole answers", { at, end, bytes: source.length });
  return { source, start, end };
}

function writeLength(bytes: Uint8Array, at: number, length: number): void {
  bytes[at] = length >>> 24;
  bytes[at + 1] = length >>> 16;
  bytes[at + 2] = length >>> 8;
  bytes[at + 3] = length;
}

function liesAt(bytes: Uint8Array, at: number, identity: RequestId): boolean {
  for (let index = 0; index < identityBytes; index++) {
    if (bytes[at + index] !== identity.charCodeAt(index)) return false;
  }
  return true;
}

/** Identities are hashes already: any of their bytes will do. */
function hashOf(identity: RequestId): number {
  return numberIn(identity, 0);
}

function tagOf(identity: RequestId): number {
  return numberIn(identity, 4) >>> 0;
}

function numberIn(identity: RequestId, at: number): number {
  return (
    identity.charCodeAt(at) |
    (identity.charCodeAt(at + 1) << 8) |
    (identity.charCodeAt(at + 2) << 16) |
    (identity.charCodeAt(at + 3) << 24)
  );
}

function numberAt(bytes: Uint8Array, at: number): number {
  return (
    (bytes[at] as number) |
    ((bytes[at + 1] as number) << 8) |
    ((bytes[at + 2] as number) << 16) |
    ((bytes[at + 3] as number) << 24)
  );
}

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
import { identityBytes, pageBytes, type RequestIndex, type RequestPage } from "./request-index.ts";

const headBytes = identityBytes + 4;
/** Of a generation's first page, which may be all there is; only an answer that lies in its page alone may be longer. */
const pageBytesAtFirst = 1024;

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
  readonly #index: RequestIndex;
  #firstRevision: Revision = 0;
  #lastRevision: Revision = 0;
  #bytes = 0;

  constructor(number: number, index: RequestIndex) {
    this.number = number;
    this.#index = index;
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
    this.#note(page, at, length, revision);
  }

  /** Takes a page of a checkpoint; `revisionOf` tells the revision behind the answer that lies there. */
  load(bytes: Uint8Array, revisionOf: (found: FoundAnswer) => Revision): void {
    const page = this.#newPage(bytes, bytes.length);
    page.saved = bytes.length;
    for (let at = 0; at < bytes.length;) {
      const found = answerAt(bytes, at);
      this.#note(page, at, found.end - at, revisionOf(found));
      at = found.end;
    }
  }

  /** Nothing in it is found any more. */
  close(): void {
    for (const page of this.pages) this.#index.close(page);
  }

  #note(page: RequestPage, at: number, length: number, revision: Revision): void {
    if (this.#bytes === 0) this.#firstRevision = revision;
    this.#bytes += length;
    this.#lastRevision = revision;
    this.#index.add(page, at);
  }

  /** The page that has room. Its bytes move when it grows; a cut goes on reading them where they were. */
  #pageFor(length: number): RequestPage {
    const last = this.pages.at(-1);
    if (last === undefined || last.length + length > pageBytes) {
      const bytes = last === undefined ? pageBytesAtFirst : pageBytes;
      return this.#newPage(new Uint8Array(Math.max(bytes, length)), 0);
    }
    if (last.length + length > last.bytes.length) {
      const room = Math.min(pageBytes, Math.max(2 * last.bytes.length, last.length + length));
      const bytes = new Uint8Array(room);
      bytes.set(last.bytes.subarray(0, last.length));
      last.bytes = bytes;
    }
    return last;
  }

  #newPage(bytes: Uint8Array, length: number): RequestPage {
    const page = { bytes, length, saved: 0, number: 0 };
    this.#index.open(page);
    this.pages.push(page);
    return page;
  }
}

export function answerAt(source: Uint8Array, at: number): FoundAnswer {
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

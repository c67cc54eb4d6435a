/**
 * Where the kept answers of one shelf lie, by identity. There is one index for all generations: whether a request is new
 * is found out at one place in memory, however many generations there are. It is split by the identity's first byte, so
 * that no more than a small part of it is ever made larger at once.
 *
 * Open addressing, two numbers for each place: four bytes of the identity, so that answers of others are left alone, and
 * page * pageBytes + offset, or 0. Places of a generation that was given up lead to no page, and are free again.
 */
import type { RequestId } from "../frame.ts";

export const identityBytes = 16;
/** Where an answer begins in its page is below this. */
export const pageBytes = 64 * 1024;

/** Bytes of one cell of a checkpoint. */
export interface RequestPage {
  bytes: Uint8Array;
  length: number;
  /** What the last cut took. */
  saved: number;
  /** Of the index. */
  number: number;
}

export interface Found {
  readonly page: RequestPage;
  readonly at: number;
}

interface Part {
  places: Uint32Array;
  /** Not empty, free ones included. At most half of all are. */
  taken: number;
}

const parts = 256;
const placesAtFirst = 16;
/** From 1, so that no place of an answer is 0. Far fewer are open at once. */
const pageNumberMax = 0xffff;
const hashAt = 4;

export class RequestIndex {
  readonly #parts: Part[] = Array.from({ length: parts }, () => ({
    places: new Uint32Array(2 * placesAtFirst),
    taken: 0,
  }));
  readonly #pages: (RequestPage | undefined)[] = [];
  #lastNumber = 0;

  /** Numbers a page whose answers are going to be added. */
  open(page: RequestPage): void {
    do this.#lastNumber = (this.#lastNumber % pageNumberMax) + 1;
    while (this.#pages[this.#lastNumber] !== undefined);
    page.number = this.#lastNumber;
    this.#pages[page.number] = page;
  }

  /** Its answers are not found any more. */
  close({ number }: RequestPage): void {
    this.#pages[number] = undefined;
  }

  /** The answer that lies there, under an identity that is not here yet. */
  add({ bytes, number }: RequestPage, at: number): void {
    const part = this.#parts[bytes[at] as number] as Part;
    if (4 * (part.taken + 1) > part.places.length) this.#sweep(part);
    this.#put(part, hashIn(bytes, at + hashAt), number * pageBytes + at);
  }

  find(identity: RequestId): Found | undefined {
    const { places } = this.#parts[identity.charCodeAt(0)] as Part;
    const mask = places.length - 2;
    const hash = hashOf(identity);
    for (let place = (2 * hash) & mask; ; place = (place + 2) & mask) {
      const position = places[place + 1] as number;
      if (position === 0) return undefined;
      if (places[place] !== hash) continue;
      const page = this.#pageOf(position);
      const at = position % pageBytes;
      if (page !== undefined && liesAt(page, at, identity)) return { page, at };
    }
  }

  #put(part: Part, hash: number, position: number): void {
    const { places } = part;
    const mask = places.length - 2;
    let place = (2 * hash) & mask;
    for (; places[place + 1] !== 0; place = (place + 2) & mask) {
      if (this.#pageOf(places[place + 1] as number) === undefined) {
        part.taken -= 1;
        break;
      }
    }
    part.taken += 1;
    places[place] = hash;
    places[place + 1] = position;
  }

  /** Leaves out what was given up, and makes the part as large as what is left needs. */
  #sweep(part: Part): void {
    const before = part.places;
    let kept = 0;
    for (let place = 1; place < before.length; place += 2) {
      const position = before[place] as number;
      if (position !== 0 && this.#pageOf(position) !== undefined) kept += 1;
    }
    let size = placesAtFirst;
    // A third full at most, so that the next time is half as far away as all that is kept.
    while (size < 3 * (kept + 1)) size *= 2;
    part.places = new Uint32Array(2 * size);
    part.taken = 0;
    for (let place = 0; place < before.length; place += 2) {
      const position = before[place + 1] as number;
      if (position === 0 || this.#pageOf(position) === undefined) continue;
      this.#put(part, before[place] as number, position);
    }
  }

  #pageOf(position: number): RequestPage | undefined {
    return this.#pages[Math.floor(position / pageBytes)];
  }
}

function liesAt({ bytes, length }: RequestPage, at: number, identity: RequestId): boolean {
  if (at + identityBytes > length) return false;
  for (let index = 0; index < identityBytes; index++) {
    if (bytes[at + index] !== identity.charCodeAt(index)) return false;
  }
  return true;
}

/** Identities are hashes already: any of their bytes will do. */
function hashOf(identity: RequestId): number {
  return (
    (identity.charCodeAt(hashAt) |
      (identity.charCodeAt(hashAt + 1) << 8) |
      (identity.charCodeAt(hashAt + 2) << 16) |
      (identity.charCodeAt(hashAt + 3) << 24)) >>>
    0
  );
}

function hashIn(bytes: Uint8Array, at: number): number {
  return (
    ((bytes[at] as number) |
      ((bytes[at + 1] as number) << 8) |
      ((bytes[at + 2] as number) << 16) |
      ((bytes[at + 3] as number) << 24)) >>>
    0
  );
}

/**
 * Which keys expire when: an index space ordered by (expiry, key). It is maintained lazily. Overwriting a key
 * leaves its old index entry behind, which is dropped when it comes due and no longer matches the key.
 */
import type { CutCells } from "../checkpoint.ts";
import { newest, type Revision } from "../revision.ts";
import { space, type InternalKey, type StateReader } from "../state-reader.ts";
import { LayeredSpace } from "./layered-space.ts";

/** Characters of an index key before the key itself: 56 bits hold every revision. */
const expiryLength = 7;

const noBytes = new Uint8Array(0);

/** One index entry that has come due. */
export interface DueKey {
  readonly expiresAt: Revision;
  readonly key: InternalKey;
}

export class ExpiryIndex {
  readonly #entries: LayeredSpace;
  /** The lowest expiry in the index; Infinity when it is empty. Most entries expire nothing and only compare with it. */
  #next: Revision = Infinity;
  /** All index entries below are gone, so a search for due ones never walks over their tombstones again. */
  #gone: InternalKey = "";

  constructor(checkpoint: StateReader) {
    this.#entries = new LayeredSpace(space.expiry, checkpoint);
    this.#lookAhead();
  }

  get next(): Revision {
    return this.#next;
  }

  get bytes(): number {
    return this.#entries.bytes;
  }

  add(key: InternalKey, expiresAt: Revision, revision: Revision): void {
    this.#entries.put(indexKey(expiresAt, key), revision, 0, noBytes, 0, 0);
    if (expiresAt < this.#next) this.#next = expiresAt;
  }

  /** Removes up to `countMax` entries due at `now`, in (expiry, key) order, and returns them. */
  takeDue(now: Revision, countMax: number): readonly DueKey[] {
    if (this.#next > now) return [];
    const due: DueKey[] = [];
    const cursor = this.#entries.scan(this.#gone, undefined, false, newest);
    while (due.length < countMax && cursor.next()) {
      if (cursor.live === undefined) continue;
      const expiresAt = expiryOf(cursor.key);
      if (expiresAt > now) break;
      due.push({ expiresAt, key: cursor.key.slice(expiryLength) });
    }
    for (const { expiresAt, key } of due) this.#entries.bury(indexKey(expiresAt, key), now);
    const last = due.at(-1);
    if (last !== undefined) this.#gone = indexKey(last.expiresAt, last.key);
    this.#lookAhead();
    return due;
  }

  freeze(): void {
    this.#entries.freeze();
  }

  frozenCells(): CutCells {
    return this.#entries.frozenCells();
  }

  thaw(): void {
    this.#entries.thaw();
  }

  #lookAhead(): void {
    const cursor = this.#entries.scan(this.#gone, undefined, false, newest);
    this.#next = Infinity;
    while (this.#next === Infinity && cursor.next()) {
      if (cursor.live !== undefined) this.#next = expiryOf(cursor.key);
    }
  }
}

function indexKey(expiresAt: Revision, key: InternalKey): InternalKey {
  const high = Math.floor(expiresAt / 0x1_0000_0000);
  const low = expiresAt >>> 0;
  const expiry = String.fromCharCode(
    (high >>> 16) & 0xff,
    (high >>> 8) & 0xff,
    high & 0xff,
    low >>> 24,
    (low >>> 16) & 0xff,
    (low >>> 8) & 0xff,
    low & 0xff,
  );
  return expiry + key;
}

function expiryOf(indexed: InternalKey): Revision {
  let expiresAt = 0;
  for (let at = 0; at < expiryLength; at++) expiresAt = expiresAt * 256 + indexed.charCodeAt(at);
  return expiresAt;
}

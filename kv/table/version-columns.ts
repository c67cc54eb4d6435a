/**
 * Storage for the versions of one ordered table. A version is a row number: an object per version would cost the
 * garbage collector more than everything else a put does. All numbers of a row lie in one half of a cache line, because
 * a walk in key order meets the rows in no order, and what it waits for is memory.
 *
 *     offset  bytes
 *     0       8     revision
 *     8       8     expiry, or a tombstone's reason
 *     16      4     twice the position of the bytes' source in the list of sources, plus the kind
 *     20      4     start
 *     24      4     end
 *     28      4     row of the same key's next older version
 */
import type { Revision } from "../revision.ts";
import type { InternalKey } from "../state-reader.ts";
import { viewOf, type ShownCell } from "../state/shown-cell.ts";
import type { Version, VersionKind } from "../version.ts";

/** A row of the columns. */
export type Row = number;
export const noRow: Row = -1;

const rowBytes = 32;
const doublesPerRow = rowBytes / 8;
const integersPerRow = rowBytes / 4;
const expiryAt = 1;
const sourceAt = 4;
const startAt = 5;
const endAt = 6;
const olderAt = 7;

const cacheLineBytes = 64;
const touchedBytesMax = 512;

export class VersionColumns {
  /** Rows in use. A row never changes once it was added. */
  count = 0;
  readonly #keys: InternalKey[] = [];
  #capacity: number;
  /** Two views of the same rows. */
  #doubles: Float64Array;
  #integers: Int32Array;
  /** Neighbours in time share an entry, so the list stays short. */
  readonly #sources: Uint8Array[] = [];
  /** Of those sources that were shown. */
  readonly #views: (DataView | undefined)[] = [];

  constructor(capacity: number) {
    const rows = new ArrayBuffer(capacity * rowBytes);
    this.#capacity = capacity;
    this.#doubles = new Float64Array(rows);
    this.#integers = new Int32Array(rows);
  }

  add(
    key: InternalKey,
    revision: Revision,
    kind: VersionKind,
    expiresAt: Revision,
    source: Uint8Array,
    start: number,
    end: number,
    older: Row,
  ): Row {
    const row = this.count;
    if (row === this.#capacity) this.#grow();
    this.count = row + 1;
    this.#keys.push(key);
    const doubles = this.#doubles;
    const double = row * doublesPerRow;
    doubles[double] = revision;
    doubles[double + expiryAt] = expiresAt;
    const integers = this.#integers;
    const integer = row * integersPerRow;
    integers[integer + sourceAt] = 2 * this.#sourceNumber(source) + kind;
    integers[integer + startAt] = start;
    integers[integer + endAt] = end;
    integers[integer + olderAt] = older;
    return row;
  }

  key(row: Row): InternalKey {
    return this.#keys[row] as InternalKey;
  }

  revision(row: Row): Revision {
    return this.#doubles[row * doublesPerRow] as Revision;
  }

  older(row: Row): Row {
    return this.#integers[row * integersPerRow + olderAt] as Row;
  }

  /** The first row at or behind `row` in its chain whose revision is at or below `atOrBelow`. */
  atOrBelow(row: Row, atOrBelow: Revision): Row {
    let found = row;
    while (found !== noRow && this.revision(found) > atOrBelow) found = this.older(found);
    return found;
  }

  /** How many rows have a revision at or below this one, where revisions never fall from row to row. */
  countAtOrBelow(revision: Revision): number {
    let low = 0;
    let high = this.count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.revision(middle) <= revision) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  version(row: Row): Version {
    const integer = row * integersPerRow;
    const integers = this.#integers;
    const sourceAndKind = integers[integer + sourceAt] as number;
    return {
      revision: this.revision(row),
      kind: (sourceAndKind & 1) as VersionKind,
      expiresAt: this.#doubles[row * doublesPerRow + expiryAt] as Revision,
      source: this.#sources[sourceAndKind >>> 1] as Uint8Array,
      start: integers[integer + startAt] as number,
      end: integers[integer + endAt] as number,
    };
  }

  /** Has `cell` show what is in the row. */
  show(row: Row, cell: ShownCell): void {
    const integer = row * integersPerRow;
    const integers = this.#integers;
    const sourceAndKind = integers[integer + sourceAt] as number;
    cell.key = this.key(row);
    cell.revision = this.revision(row);
    cell.kind = (sourceAndKind & 1) as VersionKind;
    cell.expiresAt = this.#doubles[row * doublesPerRow + expiryAt] as Revision;
    cell.bytes = this.#viewOf(sourceAndKind >>> 1);
    cell.start = integers[integer + startAt] as number;
    cell.end = integers[integer + endAt] as number;
  }

  /** Reads something of the row, its key and every cache line of its value, of a long one of the first few. */
  touch(row: Row): number {
    const integer = row * integersPerRow;
    const integers = this.#integers;
    const bytes = this.#viewOf((integers[integer + sourceAt] as number) >>> 1);
    const start = integers[integer + startAt] as number;
    const end = Math.min(integers[integer + endAt] as number, start + touchedBytesMax);
    let sum = this.key(row).charCodeAt(0);
    for (let at = start; at < end; at += cacheLineBytes) sum = (sum + bytes.getUint8(at)) | 0;
    return end > start ? sum + bytes.getUint8(end - 1) : sum;
  }

  #viewOf(number: number): DataView {
    const views = this.#views;
    // Without holes the list stays an array, wherever in it the first view is wanted.
    while (views.length < this.#sources.length) views.push(undefined);
    return (views[number] ??= viewOf(this.#sources[number] as Uint8Array));
  }

  #sourceNumber(source: Uint8Array): number {
    const last = this.#sources.length - 1;
    if (last >= 0 && this.#sources[last] === source) return last;
    this.#sources.push(source);
    return last + 1;
  }

  #grow(): void {
    const full = this.#doubles;
    this.#capacity *= 2;
    const rows = new ArrayBuffer(this.#capacity * rowBytes);
    this.#doubles = new Float64Array(rows);
    this.#integers = new Int32Array(rows);
    this.#doubles.set(full);
  }
}

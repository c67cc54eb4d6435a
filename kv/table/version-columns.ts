/**
 * Storage for the versions of one ordered table, one typed column per field. A version is a row number. An object
 * per version would cost the garbage collector more than everything else a put does.
 */
import type { Revision } from "../revision.ts";
import type { InternalKey } from "../state-reader.ts";
import type { Version, VersionKind } from "../version.ts";

/** A row of the columns. */
export type Row = number;
export const noRow: Row = -1;

export class VersionColumns {
  /** Rows in use. A row never changes once it was added. */
  count = 0;
  readonly #keys: InternalKey[] = [];
  #revisions: Float64Array;
  #expiries: Float64Array;
  #kinds: Uint8Array;
  /** Position of the row's bytes in `#sourceList`: neighbours share an entry, so the list stays short. */
  #sources: Int32Array;
  #starts: Int32Array;
  #ends: Int32Array;
  /** The row of the same key's next older version. */
  #older: Int32Array;
  readonly #sourceList: Uint8Array[] = [];

  constructor(capacity: number) {
    this.#revisions = new Float64Array(capacity);
    this.#expiries = new Float64Array(capacity);
    this.#kinds = new Uint8Array(capacity);
    this.#sources = new Int32Array(capacity);
    this.#starts = new Int32Array(capacity);
    this.#ends = new Int32Array(capacity);
    this.#older = new Int32Array(capacity);
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
    if (row === this.#revisions.length) this.#grow();
    this.count = row + 1;
    this.#keys.push(key);
    this.#revisions[row] = revision;
    this.#expiries[row] = expiresAt;
    this.#kinds[row] = kind;
    this.#sources[row] = this.#sourceNumber(source);
    this.#starts[row] = start;
    this.#ends[row] = end;
    this.#older[row] = older;
    return row;
  }

  key(row: Row): InternalKey {
    return this.#keys[row] as InternalKey;
  }

  revision(row: Row): Revision {
    return this.#revisions[row] as Revision;
  }

  older(row: Row): Row {
    return this.#older[row] as Row;
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
    return {
      revision: this.revision(row),
      kind: this.#kinds[row] as VersionKind,
      expiresAt: this.#expiries[row] as Revision,
      source: this.#sourceList[this.#sources[row] as number] as Uint8Array,
      start: this.#starts[row] as number,
      end: this.#ends[row] as number,
    };
  }

  #sourceNumber(source: Uint8Array): number {
    const last = this.#sourceList.length - 1;
    if (last >= 0 && this.#sourceList[last] === source) return last;
    this.#sourceList.push(source);
    return last + 1;
  }

  #grow(): void {
    const capacity = this.#revisions.length * 2;
    this.#revisions = grown(new Float64Array(capacity), this.#revisions);
    this.#expiries = grown(new Float64Array(capacity), this.#expiries);
    this.#kinds = grown(new Uint8Array(capacity), this.#kinds);
    this.#sources = grown(new Int32Array(capacity), this.#sources);
    this.#starts = grown(new Int32Array(capacity), this.#starts);
    this.#ends = grown(new Int32Array(capacity), this.#ends);
    this.#older = grown(new Int32Array(capacity), this.#older);
  }
}

function grown<Column extends Float64Array | Int32Array | Uint8Array>(
  larger: Column,
  full: Column,
): Column {
  larger.set(full);
  return larger;
}

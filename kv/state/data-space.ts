/** User data: the versions of all keys, and the index of those that expire. */
import { changeOperation, type ChangeOperation, type ChangeSink } from "../change.ts";
import type { CutCells } from "../checkpoint.ts";
import { expiriesPerEntryMax } from "../limits.ts";
import { newest, revisionsPerMs, type Revision } from "../revision.ts";
import { space, type InternalKey, type StateReader } from "../state-reader.ts";
import type { HistoryRange } from "../state-reader.ts";
import {
  isPurge,
  tombstoneReason,
  versionKind,
  type TombstoneReason,
  type Version,
} from "../version.ts";
import type { Checksum } from "./checksum.ts";
import { ExpiryIndex } from "./expiry-index.ts";
import type { HistoryCursor } from "./history-cursor.ts";
import type { LastRevision } from "./last-revision.ts";
import { LayeredSpace } from "./layered-space.ts";
import type { MergedCursor } from "./merged-cursor.ts";

const removals = {
  [tombstoneReason.deleted]: changeOperation.delete,
  [tombstoneReason.purged]: changeOperation.purge,
  [tombstoneReason.expired]: changeOperation.expire,
} as const;

const noBytes = new Uint8Array(0);

export class DataSpace {
  /** Told of every change; undefined while nobody wants to know. */
  sink: ChangeSink | undefined;
  /** Versions written since the start. */
  changeCount = 0;
  readonly #versions: LayeredSpace;
  readonly #expiries: ExpiryIndex;

  constructor(checkpoint: StateReader) {
    this.#versions = new LayeredSpace(space.data, checkpoint);
    this.#expiries = new ExpiryIndex(checkpoint);
  }

  /** Approximate memory of what is not checkpointed yet. */
  get bytes(): number {
    return this.#versions.bytes + this.#expiries.bytes;
  }

  /** The lowest revision at which a key may be due to expire; Infinity when none is. */
  get nextExpiry(): Revision {
    return this.#expiries.next;
  }

  put(
    key: InternalKey,
    revision: Revision,
    source: Uint8Array,
    start: number,
    end: number,
    ttlMs: number,
  ): void {
    const expiresAt = ttlMs === 0 ? 0 : revision + ttlMs * revisionsPerMs;
    this.#versions.put(key, revision, expiresAt, source, start, end);
    if (expiresAt !== 0) this.#expiries.add(key, expiresAt, revision);
    this.#changed(key, revision, changeOperation.put, expiresAt, source, start, end);
  }

  /** A put that leaves the key's expiry as it is: the index knows it already. */
  update(
    key: InternalKey,
    revision: Revision,
    source: Uint8Array,
    start: number,
    end: number,
    expiresAt: Revision,
  ): void {
    this.#versions.put(key, revision, expiresAt, source, start, end);
    this.#changed(key, revision, changeOperation.put, expiresAt, source, start, end);
  }

  bury(
    key: InternalKey,
    revision: Revision,
    reason: TombstoneReason = tombstoneReason.deleted,
  ): void {
    this.#versions.bury(key, revision, reason);
    this.#changed(key, revision, removals[reason], 0, noBytes, 0, 0);
  }

  /**
   * Whether a purge has something of the key to hide: it exists, or was removed otherwise than by a purge. At or below the
   * watermark a tombstone does not count: merges drop it, on each replica at another time.
   */
  hasPast(key: InternalKey, watermark: Revision): boolean {
    const version = this.#versions.find(key, newest);
    if (version === undefined || version.kind === versionKind.put) return version !== undefined;
    return version.revision > watermark && !isPurge(version);
  }

  /** The version of a key that exists now. */
  live(key: InternalKey): Version | undefined {
    return this.#versions.live(key);
  }

  /** The newest version at or below the revision, tombstones included. `lent` as in `StateReader`. */
  find(key: InternalKey, atOrBelow: Revision, lent = false): Version | undefined {
    return this.#versions.find(key, atOrBelow, lent);
  }

  scan(
    start: InternalKey,
    end: InternalKey | undefined,
    reverse: boolean,
    atOrBelow: Revision,
  ): MergedCursor {
    return this.#versions.scan(start, end, reverse, atOrBelow);
  }

  /** Every version the range asks for, newest first within a key. */
  history(range: HistoryRange): HistoryCursor {
    return this.#versions.history(range);
  }

  /** Buries the keys that are due, each as an atomic unit of its own; a key exists until then. */
  expire(clock: LastRevision, checksum: Checksum): void {
    for (const due of this.#expiries.takeDue(clock.value, expiriesPerEntryMax)) {
      // The key may have been overwritten or deleted since: then this entry of the index says nothing any more.
      if (this.live(due.key)?.expiresAt !== due.expiresAt) continue;
      const revision = clock.take();
      this.bury(due.key, revision, tombstoneReason.expired);
      checksum.mix(revision);
      checksum.mixText(due.key);
    }
  }

  freeze(): void {
    this.#versions.freeze();
    this.#expiries.freeze();
  }

  frozenVersions(): CutCells {
    return this.#versions.frozenCells();
  }

  frozenExpiries(): CutCells {
    return this.#expiries.frozenCells();
  }

  thaw(): void {
    this.#versions.thaw();
    this.#expiries.thaw();
  }

  #changed(
    key: InternalKey,
    revision: Revision,
    operation: ChangeOperation,
    expiresAt: Revision,
    source: Uint8Array,
    start: number,
    end: number,
  ): void {
    this.changeCount += 1;
    this.sink?.({ key, revision, operation, expiresAt, source, start, end });
  }
}

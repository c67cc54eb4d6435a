/**
 * What a leader proposes of its own accord: ticks, so that what is due expires without traffic, and watermarks, so
 * that history does not grow for ever.
 */
import { encodeTickEntry, encodeWatermarkEntry } from "../../infra/codec/entry-codec.ts";
import type { Cancel, Clock } from "../../infra/clock/clock.ts";
import type { StateStoreStatistics } from "../../infra/state-store/state-store.ts";
import type { ReplicaState } from "../../kv/replica-state.ts";
import { revisionAt, revisionsPerMs, type Revision } from "../../kv/revision.ts";
import type { ReplicaLimits } from "./limits.ts";

export interface HousekeepingOptions {
  readonly clock: Clock;
  readonly state: ReplicaState;
  readonly statistics: () => StateStoreStatistics;
  readonly limits: ReplicaLimits;
  /** The leader's physical time in Unix milliseconds; undefined while it does not know it. */
  readonly physicalMs: () => number | undefined;
  readonly propose: (entries: readonly Uint8Array[]) => void;
}

const tickIntervalMs = 100;
const watermarkIntervalMs = 10_000;

export class Housekeeping {
  readonly #options: HousekeepingOptions;
  #cancel: Cancel | undefined;
  /** The stamp of the newest tick proposed: what is due at it needs no second one. */
  #tickedAt: Revision = 0;
  #watermarkDueMs = 0;

  constructor(options: HousekeepingOptions) {
    this.#options = options;
  }

  /** Called when this replica begins to serve. */
  start(): void {
    this.stop();
    this.#tickedAt = 0;
    this.#watermarkDueMs = this.#options.clock.monotonicMs() + watermarkIntervalMs;
    this.#again();
  }

  stop(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }

  #again(): void {
    this.#cancel = this.#options.clock.after(tickIntervalMs, () => {
      this.#cancel = undefined;
      const physicalMs = this.#options.physicalMs();
      if (physicalMs !== undefined) {
        this.#tick(revisionAt(physicalMs));
        this.#raiseWatermark(revisionAt(physicalMs));
      }
      this.#again();
    });
  }

  /** A tick already on its way covers everything due up to its stamp. */
  #tick(stamp: Revision): void {
    const { state, propose } = this.#options;
    const due = state.nextExpiry;
    if (due > stamp || (due <= this.#tickedAt && state.lastRevision < this.#tickedAt)) return;
    this.#tickedAt = stamp;
    propose([encodeTickEntry(stamp)]);
  }

  #raiseWatermark(stamp: Revision): void {
    const { clock, state, limits, propose } = this.#options;
    const nowMs = clock.monotonicMs();
    if (nowMs < this.#watermarkDueMs) return;
    this.#watermarkDueMs = nowMs + watermarkIntervalMs;
    const byAge = state.lastRevision - limits.historyMs * revisionsPerMs;
    const watermark = Math.max(byAge, this.#bySize());
    if (watermark > state.watermark) propose([encodeWatermarkEntry(stamp, watermark)]);
  }

  /** The newest revision behind which no more than the allowed bytes of versions were written. */
  #bySize(): Revision {
    const { history } = this.#options.statistics();
    let bytes = 0;
    for (const piece of history.toReversed()) {
      bytes += piece.bytes;
      if (bytes > this.#options.limits.historyBytesMax) return piece.lastRevision;
    }
    return 0;
  }
}

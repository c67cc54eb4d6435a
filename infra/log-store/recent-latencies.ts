/** The newest latencies of something that happens often, for a percentile on request. */
import type { FlushStatistics } from "./log-store.ts";

const kept = 1024;

export class RecentLatencies {
  readonly #ring = new Float64Array(kept);
  #count = 0;

  add(latencyMs: number): void {
    this.#ring[this.#count % kept] = latencyMs;
    this.#count += 1;
  }

  summary(): FlushStatistics {
    const sorted = this.#ring.slice(0, Math.min(this.#count, kept)).sort();
    const at = (share: number): number => sorted[Math.floor(sorted.length * share)] ?? 0;
    return { appends: this.#count, p50Ms: at(0.5), p99Ms: at(0.99) };
  }
}

/** What is kept of a run, as `--json` writes it. */
import type { Machine } from "../throughput/machine.ts";

export interface Outages {
  readonly killed: "leader" | "broker";
  /**
   * In the order of the kills. Leader: from the kill to the acknowledgement of a write that was issued behind it. Broker:
   * from the start of its next process.
   */
  readonly outageMs: readonly number[];
}

export interface RecoveryResult {
  /** As in 2026-01-31. */
  readonly day: string;
  readonly machine: Machine;
  readonly natsServer: string;
  /** Each puts again as soon as it is answered, all the time. */
  readonly callers: number;
  readonly outages: readonly Outages[];
}

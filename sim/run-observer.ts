/** Somebody who looks on while a simulation runs, as the readable trace does. A run is the same with and without. */
import type { NetworkObserver } from "../infra/transport/network-observer.ts";
import type { LogAppend } from "../machines/record.ts";
import type { LogLine, SimulatedCluster } from "./simulated-cluster.ts";
import type { Recorded } from "./workload/history.ts";

export interface HistoryObserver {
  begun(recorded: Recorded): void;
  ended(recorded: Recorded): void;
}

export interface RunObserver {
  /** Before anything happens. */
  began?(cluster: SimulatedCluster): void;
  /** Faults, processes that start and end, reigns, and what nodes log. */
  noted?(line: LogLine): void;
  /** A change of a node's log has been flushed. */
  flushed?(node: string, group: string, change: LogAppend): void;
  readonly network?: NetworkObserver;
  readonly history?: HistoryObserver;
}

/** What a recorder remembers of a run, in the order in which it happened. */
import type { Drop } from "../../infra/transport/network-observer.ts";
import type { SimulatedMessage } from "../../infra/transport/simulated-transport.ts";
import type { Ballot } from "../../machines/ballot.ts";
import type { LogLine } from "../simulated-cluster.ts";
import type { Recorded } from "../workload/history.ts";

/** A message on its way to one receiver. */
export interface Copy {
  readonly message: SimulatedMessage;
  readonly from: string;
  readonly to: string;
  readonly leftMs: number;
  /** Undefined while it is under way, and for ever when it was dropped. */
  arrivedMs: number | undefined;
  droppedMs: number | undefined;
  drop: Drop | undefined;
}

/** A change of a node's log, on disk now. */
export interface Flush {
  readonly node: string;
  readonly group: string;
  readonly slots: readonly number[];
  readonly promise: Ballot | undefined;
  readonly chosenThrough: number | undefined;
}

export type TraceEvent = { readonly atMs: number } & (
  | { readonly kind: "noted"; readonly line: LogLine }
  | { readonly kind: "flushed"; readonly flush: Flush }
  | { readonly kind: "begun" | "ended"; readonly recorded: Recorded }
  | { readonly kind: "left" | "arrived" | "dropped"; readonly copy: Copy }
);

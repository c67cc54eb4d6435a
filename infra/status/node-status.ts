/** What `status` shows of one node. */
import type { FlushStatistics } from "../log-store/log-store.ts";
import type { ReplicaStatus } from "./replica-status.ts";
import type { StopReason } from "./stop-reason.ts";

/** What a node says of itself. */
export interface NodeStatus {
  /** The node's name. */
  readonly node: string;
  /** Every node of the cluster as far as this one knows, itself included. */
  readonly nodes: readonly string[];
  /** Of the program. */
  readonly version: string;
  /** The node chart's state. */
  readonly state: string;
  /** Names the node's store: random, made with it. */
  readonly member: number;
  /** Counts the starts of this store. */
  readonly incarnation: number;
  /** Undefined as long as the store belongs to no cluster. */
  readonly clusterId: string | undefined;
  /** To a NATS server. */
  readonly connected: boolean;
  /** Why the whole node takes no part. */
  readonly barred: StopReason | undefined;
  /** What it complains about. */
  readonly problems: readonly { readonly code: string; readonly text: string }[];
  /** Per group, how far its birth is. */
  readonly births: Readonly<Record<string, string>>;
  /** Its part in each store group it is a member of. */
  readonly replicas: readonly ReplicaStatus[];
  /** Per group, why its replica could not be started. */
  readonly unstartable: Readonly<Record<string, StopReason>>;
  /** The state of the region manager's chart on this node. */
  readonly regionManager: string;
  /** How long commits to the log took lately, flush included. */
  readonly flush: FlushStatistics;
  /** Received and not acted on, by reason. */
  readonly drops: Readonly<Record<string, number>>;
  /** What the process measures of itself, by name. */
  readonly vitals: Readonly<Record<string, number>>;
}

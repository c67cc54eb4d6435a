/** What `status` shows of one node. */
import type { FlushStatistics } from "../log-store/log-store.ts";
import type { ReplicaStatus } from "./replica-status.ts";
import type { StopReason } from "./stop-reason.ts";

export interface NodeStatus {
  readonly node: string;
  /** Every node of the cluster as far as this one knows, itself included. */
  readonly nodes: readonly string[];
  readonly version: string;
  /** The node chart's state. */
  readonly state: string;
  readonly member: number;
  readonly incarnation: number;
  readonly clusterId: string | undefined;
  readonly connected: boolean;
  /** Why the whole node takes no part. */
  readonly barred: StopReason | undefined;
  readonly problems: readonly { readonly code: string; readonly text: string }[];
  /** Per group, how far its birth is. */
  readonly births: Readonly<Record<string, string>>;
  readonly replicas: readonly ReplicaStatus[];
  readonly unstartable: Readonly<Record<string, StopReason>>;
  readonly regionManager: string;
  readonly flush: FlushStatistics;
  /** Received and not acted on, by reason. */
  readonly drops: Readonly<Record<string, number>>;
  readonly vitals: Readonly<Record<string, number>>;
}

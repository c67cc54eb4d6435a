/** What a topology file declares, as plain data. */
import type { InternalKey } from "../../kv/state-reader.ts";

export interface TopologyNode {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
}

export interface TopologyGroup {
  readonly name: string;
  /** Names of nodes; the first is the preferred leader. */
  readonly members: readonly string[];
  /** `phase1 + phase2` exceeds the number of members, so that every two such quorums share one. */
  readonly phase1: number;
  readonly phase2: number;
  readonly leaseMs: number;
}

/** The keys in `[start, end)`; `end` undefined = to the end of all keys. */
export interface TopologyRegion {
  readonly start: InternalKey;
  readonly end: InternalKey | undefined;
  readonly group: string;
}

/** What nodes do for a bucket beyond keeping it. */
export interface TopologyBucket {
  readonly name: string;
  /** `subjects`: every change is published on its key's watch subject, whether or not anybody asked for it. */
  readonly watch: "subjects" | undefined;
}

export interface Topology {
  readonly cluster: string;
  /** First token of every subject the cluster uses. */
  readonly prefix: string;
  readonly servers: readonly string[];
  readonly nodes: readonly TopologyNode[];
  /** `meta` first, the others in the order of the file. */
  readonly groups: readonly TopologyGroup[];
  /** Ascending and without gaps: the first starts at the empty key, each ends where the next one starts. */
  readonly regions: readonly TopologyRegion[];
  /** Only those of which something is said. */
  readonly buckets: readonly TopologyBucket[];
}

/** The group that holds the cluster's own metadata. */
export const metaGroup = "meta";

export const topologyDefaults = {
  prefix: "synod",
  leaseMs: 600,
  server: "nats://127.0.0.1:4222",
} as const;

export const topologyLimits = {
  fileBytesMax: 1024 * 1024,
  nameCharactersMax: 64,
  membersMax: 7,
  leaseMsMin: 200,
  leaseMsMax: 60_000,
} as const;

export function majorityOf(memberCount: number): number {
  return Math.floor(memberCount / 2) + 1;
}

/** Gives each region its end, which is the start of the next one. `starts` ascend. */
export function regionsFrom(
  starts: readonly { readonly start: InternalKey; readonly group: string }[],
): TopologyRegion[] {
  return starts.map(({ start, group }, index) => ({ start, end: starts[index + 1]?.start, group }));
}

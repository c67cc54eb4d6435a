/**
 * The verdict on a run that has come to rest: what clients and watches were told, held against the chosen log, against
 * real time, and, key by key, against what any order of operations could explain. The checks are the simulator's.
 */
import { operationKind } from "../../kv/commands/operation.ts";
import { wallMsOf, type Revision } from "../../kv/revision.ts";
import type { InternalKey } from "../../kv/state-reader.ts";
import type { Topology } from "../../infra/topology/topology.ts";
import { judgeHistory } from "../../sim/judge-history.ts";
import { judgeLogs } from "../../sim/judge-logs.ts";
import { checkFreshness, type ClockErrors } from "../../sim/oracles/fresh-enough.ts";
import { Violation } from "../../sim/violation.ts";
import type { History, Recorded } from "../../sim/workload/history.ts";
import type { WatchRecord } from "../../sim/workload/watch-record.ts";
import type { Observed } from "./cluster/torture-cluster.ts";

/** Clocks that were set a little, again and again, may be that far off together. */
const clockJumpsMsMax = 60_000;

export interface Evidence {
  readonly topology: Topology;
  readonly clusterId: string;
  readonly history: History;
  readonly watches: readonly WatchRecord[];
  readonly clocks: ClockErrors;
  readonly observed: readonly Observed[];
  /** Chosen entries by group, from slot 1. */
  readonly entries: ReadonlyMap<string, readonly Uint8Array[]>;
}

/** How much was looked at. */
export interface Checked {
  readonly slots: number;
  /** Answers that named their place in the log. */
  readonly placed: number;
  /** Writing operations that were found in the log by the name they were sent under. */
  readonly found: number;
  /** Answers without a place that were found there by their revisions. */
  readonly foundByRevision: number;
  /** Keys whose time was over. */
  readonly expired: number;
  readonly checksums: number;
  readonly keys: number;
  readonly keysUndecided: number;
  readonly operationsPerKeyMax: number;
  readonly counters: number;
  /** Reads that said as of when they are. */
  readonly dated: number;
  readonly changes: number;
}

/** Throws a `Violation` when anything that was told is not true. */
export function judge(evidence: Evidence): Checked {
  const { topology, clusterId, history, observed, watches, entries } = evidence;
  const { operations, attempts } = history;
  const logs = topology.groups.map(({ name: group }) => ({
    clusterId,
    group,
    regions: topology.regions.flatMap((region, index) =>
      region.group === group ? [{ ...region, id: index + 1, version: 1 }] : [],
    ),
    entries: entries.get(group) ?? [],
  }));
  const logsChecked = judgeLogs(logs, { operations, attempts, watches });
  const { replayed, outcomes, foundByRevision, expired } = logsChecked;
  for (const { node, group, appliedThrough, checksum } of observed) {
    if (replayed.get(group)?.checksums[appliedThrough] === checksum) continue;
    throw new Violation(
      "replicas hold what the log says",
      `${node} at slot ${appliedThrough} of ${group}`,
    );
  }
  for (const [group, { lastRevision }] of replayed) checkTime(group, lastRevision);
  const dated = checkFreshness(operations, history.freshness, evidence.clocks);
  const { checked, undecided, placed, counters } = judgeHistory(operations);
  return {
    slots: logs.reduce((sum, log) => sum + log.entries.length, 0),
    placed,
    found: outcomes.found,
    foundByRevision,
    expired,
    checksums: observed.length,
    keys: checked,
    keysUndecided: undecided,
    operationsPerKeyMax: longestHistory(operations),
    counters,
    dated,
    changes: watches.reduce((sum, { changes }) => sum + changes.length, 0),
  };
}

/** One clock, however wrong, must not move what is a group's only time. */
function checkTime(group: string, lastRevision: Revision): void {
  const aheadMs = wallMsOf(lastRevision) - Date.now();
  if (aheadMs <= clockJumpsMsMax) return;
  const text = `the time of ${group} is ${Math.round(aheadMs)} ms ahead`;
  throw new Violation("no single clock moves a group's time", text);
}

function longestHistory(operations: readonly Recorded[]): number {
  const counts = new Map<InternalKey, number>();
  for (const { operation } of operations) {
    const parts = operation.kind === operationKind.transaction ? operation.operations : [operation];
    for (const part of parts) {
      if ("key" in part) counts.set(part.key, (counts.get(part.key) ?? 0) + 1);
    }
  }
  return Math.max(0, ...counts.values());
}

/**
 * The verdict on what clients were told, held against the groups' chosen logs: whatever they were told, the log says the
 * same.
 */
import type { OutcomesChecked } from "./oracles/exactly-once.ts";
import { checkExactlyOnce } from "./oracles/exactly-once.ts";
import type { Execution } from "./oracles/executed-frames.ts";
import { checkOutcomes, replay, type Replayed, type ReplayedGroup } from "./oracles/log-replay.ts";
import { placedByGroup } from "./oracles/real-time.ts";
import { checkChangesOwned } from "./oracles/region-owners.ts";
import { checkExpiries } from "./oracles/expiries.ts";
import { checkToldRevisions } from "./oracles/told-revisions.ts";
import { checkWatch } from "./oracles/watches.ts";
import { operationKind } from "../kv/commands/operation.ts";
import type { Region } from "../kv/state/regions.ts";
import type { InternalKey } from "../kv/state-reader.ts";
import { Violation } from "./violation.ts";
import type { Attempts } from "./workload/attempts.ts";
import type { Recorded } from "./workload/history.ts";
import type { WatchRecord } from "./workload/watch-record.ts";

/** What was told, and to whom. */
export interface Testimony {
  readonly operations: readonly Recorded[];
  /** Where clients noted under which names they sent what; then every outcome is held against the log. */
  readonly attempts?: Attempts;
  readonly watches?: readonly WatchRecord[];
}

export interface LogsChecked {
  /** By group. */
  readonly replayed: ReadonlyMap<string, Replayed>;
  readonly outcomes: OutcomesChecked;
  /** Answers without a place that were found in a log by their revisions. */
  readonly foundByRevision: number;
  /** Keys whose time was over. */
  readonly expired: number;
}

/** `logs`: those of all groups. Throws a `Violation` when anything does not hold. */
export function judgeLogs(
  logs: readonly ReplayedGroup[],
  { operations, attempts, watches = [] }: Testimony,
): LogsChecked {
  const placed = placedByGroup(operations);
  let foundByRevision = 0;
  let expired = 0;
  const replayed = new Map<string, Replayed>();
  const written = new Map<string, number>();
  const executions = new Map<string, Execution>();
  for (const log of logs) {
    const { group, regions } = log;
    const here = placed.get(group) ?? [];
    const own = replay(
      log,
      here.map(({ recorded }) => recorded),
    );
    replayed.set(group, own);
    for (const [text, times] of own.written) written.set(text, (written.get(text) ?? 0) + times);
    for (const [name, execution] of own.executions) executions.set(name, execution);
    const owns = (key: InternalKey): boolean => regions.some((region) => holds(region, key));
    checkChangesOwned(group, own.changes, owns);
    foundByRevision += checkToldRevisions(operations, here, own.versions, owns);
    expired += checkExpiries(operations, own.versions, own.lastRevision);
    for (const record of watches) checkWatch(record, group, own.changes, owns);
  }
  checkOutcomes(operations, written);
  checkAcknowledged(operations, written);
  const outcomes =
    attempts === undefined
      ? { found: 0, unknown: 0 }
      : checkExactlyOnce(operations, attempts, executions);
  return { replayed, outcomes, foundByRevision, expired };
}

/** Raw answers name no place in the log, but what they acknowledge is somewhere in it. */
function checkAcknowledged(
  operations: readonly Recorded[],
  written: ReadonlyMap<string, number>,
): void {
  for (const { operation, told, client } of operations) {
    if (operation.kind !== operationKind.put || told === undefined) continue;
    const value = Buffer.from(operation.source).toString();
    if ("result" in told.answer && !written.has(value)) {
      throw new Violation("what was acknowledged is in the log", `${client}: ${value}`);
    }
  }
}

function holds({ start, end }: Region, key: InternalKey): boolean {
  return key >= start && (end === undefined || key < end);
}

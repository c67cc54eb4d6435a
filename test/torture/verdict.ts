/**
 * The verdict on a run that has come to rest: what clients and watches were told, held against the chosen log, against
 * real time, and, key by key, against what any order of operations could explain. The checks are the simulator's.
 */
import { operationKind } from "../../kv/commands/operation.ts";
import type { InternalKey } from "../../kv/state-reader.ts";
import type { Topology } from "../../infra/topology/topology.ts";
import { checkRegisters } from "../../sim/oracles/every-register.ts";
import { checkOutcomes, checkRealTime, replay } from "../../sim/oracles/log-replay.ts";
import { checkWatch } from "../../sim/oracles/watches.ts";
import { Violation } from "../../sim/violation.ts";
import type { Observed } from "./cluster/torture-cluster.ts";
import type { Recorded } from "../../sim/workload/history.ts";
import type { WatchRecord } from "../../sim/workload/watch-record.ts";

export interface Evidence {
  readonly topology: Topology;
  readonly clusterId: string;
  readonly operations: readonly Recorded[];
  readonly watches: readonly WatchRecord[];
  readonly observed: readonly Observed[];
  /** Chosen entries by group, from slot 1. */
  readonly entries: ReadonlyMap<string, readonly Uint8Array[]>;
}

/** How much was looked at. */
export interface Checked {
  readonly slots: number;
  /** Answers that named their place in the log. */
  readonly placed: number;
  readonly checksums: number;
  readonly keys: number;
  readonly keysUndecided: number;
  readonly operationsPerKeyMax: number;
  readonly changes: number;
}

/** Throws a `Violation` when anything that was told is not true. */
export function judge(evidence: Evidence): Checked {
  const { topology, operations, observed, watches } = evidence;
  const everywhere = new Set<string>();
  let slots = 0;
  let checksums = 0;
  for (const { name } of topology.groups) {
    const written = judgeGroup(evidence, name);
    for (const value of written) everywhere.add(value);
    slots += evidence.entries.get(name)?.length ?? 0;
    checksums += observed.filter(({ group }) => group === name).length;
  }
  checkAcknowledged(operations, everywhere);
  const registers = checkRegisters(operations);
  return {
    slots,
    placed: operations.filter((recorded) => groupOf(recorded) !== undefined).length,
    checksums,
    keys: registers.checked,
    keysUndecided: registers.undecided,
    operationsPerKeyMax: longestHistory(operations),
    changes: watches.reduce((sum, { changes }) => sum + changes.length, 0),
  };
}

/** Answers with the values that were written, alone or in transactions. */
function judgeGroup(evidence: Evidence, group: string): Iterable<string> {
  const { topology, clusterId, operations, watches, observed } = evidence;
  const own = operations.filter((recorded) => groupOf(recorded) === group);
  checkRealTime(own);
  const regions = topology.regions.flatMap((region, index) =>
    region.group === group ? [{ ...region, id: index + 1, version: 1 }] : [],
  );
  const entries = evidence.entries.get(group) ?? [];
  const { checksums, written, changes } = replay({ clusterId, group, regions, entries }, own);
  checkOutcomes(operations, written);
  for (const record of watches) {
    checkWatch(record, group, changes, (key) => regions.some((region) => holds(region, key)));
  }
  for (const { node, appliedThrough, checksum } of observed.filter(
    (replica) => replica.group === group,
  )) {
    if (checksums[appliedThrough] === checksum) continue;
    const text = `${node} at slot ${appliedThrough} of ${group}, whose log is known through ${entries.length}`;
    throw new Violation("replicas hold what the log says", text);
  }
  const texts = changes.map(({ source, start, end }) =>
    Buffer.from(source.subarray(start, end)).toString(),
  );
  return [...written.keys(), ...texts];
}

/** Answers that name no place in the log: what they acknowledge is somewhere in it. */
function checkAcknowledged(operations: readonly Recorded[], written: ReadonlySet<string>): void {
  for (const { operation, told, client } of operations) {
    if (told === undefined || !("result" in told.answer)) continue;
    const parts = operation.kind === operationKind.transaction ? operation.operations : [operation];
    for (const part of parts) {
      if (part.kind !== operationKind.put) continue;
      const value = Buffer.from(part.source).toString();
      if (written.has(value)) continue;
      throw new Violation("what was acknowledged is in the log", `${client}: ${value}`);
    }
  }
}

function holds({ start, end }: Topology["regions"][number], key: InternalKey): boolean {
  return key >= start && (end === undefined || key < end);
}

function groupOf({ told }: Recorded): string | undefined {
  return told !== undefined && "place" in told.answer ? told.answer.place?.group : undefined;
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

/**
 * The chosen log is the truth about a group: replayed through the state machine from nothing, it says what every
 * operation had to answer. Everything clients were told is held against it, and against real time: an operation that
 * began after another had ended lies behind it in the log.
 */
import { CellCodec } from "../../infra/codec/cell-codec.ts";
import { EntryDecoder } from "../../infra/codec/entry-codec.ts";
import { operationKind, type Get, type Range } from "../../kv/commands/operation.ts";
import type { OperationResult } from "../../kv/commands/result.ts";
import type { Change } from "../../kv/change.ts";
import { entryKind } from "../../kv/entry.ts";
import type { Logged } from "../../kv/frame.ts";
import { ReplicaState } from "../../kv/replica-state.ts";
import { emptyDirectory } from "../../kv/state/directory.ts";
import type { Region } from "../../kv/state/regions.ts";
import type { Revision } from "../../kv/revision.ts";
import type { CellCursor, InternalKey, StateReader } from "../../kv/state-reader.ts";
import { Violation } from "../violation.ts";
import { isSameResult } from "./same-result.ts";
import type { Recorded } from "../workload/history.ts";
import { executionsOf, type AppliedFrame, type Execution } from "./executed-frames.ts";
import { LogVersions, type LogChange } from "./log-versions.ts";
import { plain } from "./plain-result.ts";
import { isRead, placeOf } from "./real-time.ts";

export interface ReplayedGroup {
  readonly clusterId: string;
  readonly group: string;
  readonly regions: readonly Region[];
  /** Chosen entries, from slot 1. */
  readonly entries: readonly Uint8Array[];
}

const nothing: StateReader = {
  find: () => undefined,
  scan: (): CellCursor => ({ next: () => undefined, nextKey: () => undefined }),
  history: (): CellCursor => ({ next: () => undefined, nextKey: () => undefined }),
};

/** Applied after the last entry, per slot: what replicas must agree with. */
export interface Replayed {
  readonly checksums: readonly number[];
  readonly lastRevision: Revision;
  /** Values of executed puts, in order: none may be there twice, none that was said not to be executed. */
  readonly written: ReadonlyMap<string, number>;
  /** In order of the log. */
  readonly changes: readonly Change[];
  /** The same, by keys. */
  readonly versions: LogVersions;
  /** By the names under which they were sent. */
  readonly executions: ReadonlyMap<string, Execution>;
}

export function replay(group: ReplayedGroup, operations: readonly Recorded[]): Replayed {
  const state = new ReplicaState({
    clusterId: group.clusterId,
    group: group.group,
    checkpoint: nothing,
    codec: new CellCodec(),
    bornWith: { regions: group.regions, directory: emptyDirectory },
  });
  const changes: Change[] = [];
  const logged: LogChange[] = [];
  let applying = 0;
  state.tellChanges((change) => {
    changes.push(change);
    logged.push({ change, slot: applying });
  });
  const decoder = new EntryDecoder();
  const reads = readsBySlot(operations);
  const writes = writesByPlace(operations);
  const checksums: number[] = [state.checksum.value];
  const written = new Map<string, number>();
  const frames: AppliedFrame[] = [];
  checkReads(state, reads.get(0), group);
  for (const [index, bytes] of group.entries.entries()) {
    const slot = index + 1;
    const entry = decoder.decode(bytes);
    applying = slot;
    const outcomes = state.apply(slot, entry);
    if (entry.kind === entryKind.frames) {
      for (const [at, frame] of entry.frames.entries()) {
        const outcome = outcomes[at];
        if (outcome === undefined) continue;
        frames.push({ frame, slot, index: at, outcome });
        if (outcome.refused) continue;
        // A repeated frame answers with the place of its first execution.
        if (outcome.slot !== slot || outcome.index !== at) continue;
        noteWritten(frame, outcome.results, written);
        checkWrites(frame, outcome.results, writes.get(`${slot}/${at}`), group.group);
        writes.delete(`${slot}/${at}`);
      }
    }
    checksums.push(state.checksum.value);
    checkReads(state, reads.get(slot), group);
    reads.delete(slot);
  }
  const [lost] = writes.keys();
  if (lost !== undefined) {
    throw new Violation("what was acknowledged is in the log", `${group.group} ${lost}`);
  }
  const [ahead] = [...reads.keys()].filter((slot) => slot > 0);
  if (ahead !== undefined) {
    throw new Violation("reads see what was chosen", `${group.group} slot ${ahead}`);
  }
  const executions = executionsOf(group.group, frames);
  const versions = new LogVersions(logged);
  const { lastRevision } = state;
  return { checksums, lastRevision, written, changes, versions, executions };
}

/**
 * What was said not to be executed is nowhere in the log, what was acknowledged is there once. Values that are asked for
 * several times, as a lock's are when it is renewed, are there as often as that at most.
 */
export function checkOutcomes(
  operations: readonly Recorded[],
  written: ReadonlyMap<string, number>,
): void {
  const asked = new Map<string, Asked>();
  for (const { operation, told, client } of operations) {
    if (operation.kind !== operationKind.put) continue;
    const value = Buffer.from(operation.source).toString();
    const own = asked.get(value) ?? { mayBeThere: 0, refusal: undefined };
    const answer = told?.answer;
    if (answer !== undefined && "code" in answer && answer.outcome === "not executed") {
      own.refusal = `${client} was told that ${value} is not executed (${answer.message})`;
    } else own.mayBeThere += 1;
    asked.set(value, own);
  }
  for (const [value, times] of written) {
    const { mayBeThere, refusal } = asked.get(value) ?? { mayBeThere: 1, refusal: undefined };
    if (times <= mayBeThere) continue;
    if (refusal !== undefined) throw new Violation("not executed is the truth", refusal);
    throw new Violation("nothing is executed twice", `${value}: ${times} times`);
  }
}

interface Asked {
  mayBeThere: number;
  refusal: string | undefined;
}

type Placed = ReadonlyMap<number, readonly Recorded[]>;

function readsBySlot(operations: readonly Recorded[]): Map<number, Recorded[]> & Placed {
  const reads = new Map<number, Recorded[]>();
  for (const recorded of operations) {
    const place = placeOf(recorded);
    if (place === undefined || !isRead(recorded)) continue;
    const at = reads.get(place.slot) ?? [];
    at.push(recorded);
    reads.set(place.slot, at);
  }
  return reads;
}

function writesByPlace(operations: readonly Recorded[]): Map<string, Recorded[]> {
  const writes = new Map<string, Recorded[]>();
  for (const recorded of operations) {
    const place = placeOf(recorded);
    if (place === undefined || isRead(recorded)) continue;
    const key = `${place.slot}/${place.index}`;
    const at = writes.get(key) ?? [];
    at.push(recorded);
    writes.set(key, at);
  }
  return writes;
}

function checkReads(
  state: ReplicaState,
  reads: readonly Recorded[] | undefined,
  { group, regions }: ReplayedGroup,
): void {
  for (const { operation, told, client } of reads ?? []) {
    if (operation.kind !== operationKind.get && operation.kind !== operationKind.range) continue;
    if (told === undefined || !("result" in told.answer)) continue;
    const [expected] = state.read([clipped(operation, regions)]);
    if (expected === undefined || !isSameResult(expected, told.answer.result)) {
      const text = `${client} read ${plain(told.answer.result)} in ${group} at slot ${state.appliedThrough}, the log says ${expected && plain(expected)}`;
      throw new Violation("reads tell what the log says", text);
    }
  }
}

/** The part of a range that this group answered for: from its first key, or down from its last. */
function clipped(operation: Get | Range, regions: readonly Region[]): Get | Range {
  if (operation.kind === operationKind.get) return operation;
  const { start, end, reverse } = operation;
  const region = regions.find((candidate) =>
    reverse ? holdsLast(candidate, end) : holdsFirst(candidate, start),
  );
  if (region === undefined) return operation;
  return {
    ...operation,
    start: region.start > start ? region.start : start,
    end: isBefore(region.end, end) ? region.end : end,
  };
}

function holdsFirst({ start, end }: Region, key: InternalKey): boolean {
  return start <= key && (end === undefined || key < end);
}

function holdsLast(region: Region, bound: InternalKey | undefined): boolean {
  return (bound === undefined || region.start < bound) && !isBefore(region.end, bound);
}

/** Undefined is the end of all keys. */
function isBefore(bound: InternalKey | undefined, other: InternalKey | undefined): boolean {
  return bound !== undefined && (other === undefined || bound < other);
}

function checkWrites(
  frame: Logged,
  results: readonly OperationResult[],
  writes: readonly Recorded[] | undefined,
  group: string,
): void {
  for (const { told, client } of writes ?? []) {
    if (told === undefined || !("result" in told.answer)) continue;
    const { result } = told.answer;
    if (!results.some((answer) => isSameResult(answer, result))) {
      const says = results.map(plain).join(" ");
      const text = `${client} was told ${plain(result)} for frame ${frame.number} in ${group}, the log says ${says}`;
      throw new Violation("writes answer what the log says", text);
    }
  }
}

function noteWritten(
  frame: Logged,
  results: readonly OperationResult[],
  written: Map<string, number>,
): void {
  for (const [at, operation] of frame.operations.entries()) {
    if (operation.kind !== operationKind.put || typeof results[at] !== "number") continue;
    const { source, start, end } = operation;
    const value = Buffer.from(source.subarray(start, end)).toString();
    written.set(value, (written.get(value) ?? 0) + 1);
  }
}

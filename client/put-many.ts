/** Writes many keys: those of one group together, all or nothing, as far as one transaction goes. */
import { encodedBytesMax } from "../infra/codec/request-encoder.ts";
import { expectNothing, operationKind, type Put } from "../kv/commands/operation.ts";
import type { OperationResult } from "../kv/commands/result.ts";
import { transactionBytesMax, transactionOperationsMax } from "../kv/limits.ts";
import type { Revision } from "../kv/revision.ts";
import type { InternalKey } from "../kv/state-reader.ts";
import type { Caller } from "./caller.ts";
import type { Deadline } from "./deadline.ts";
import { CrossGroupTransactionError, type PartOutcome } from "./errors.ts";
import { byGroup, requireList } from "./get-many.ts";
import { putOf, type Key, type Value } from "./input.ts";
import { badRequest, type CallOptions } from "./options.ts";
import { keyTexts, outcomeOf, requireAll } from "./parts.ts";

/** The puts of one group that are written as one atomic unit. */
interface Unit {
  readonly group: string;
  readonly puts: Put[];
  bytes: number;
}

/** How the bucket stores what it is given. */
export interface StoredForm {
  readonly keyOf: (key: Key) => InternalKey;
  readonly valueOf: (value: Value) => Value;
  /** 0 = no expiry. */
  readonly ttlMs: number;
}

export async function putMany(
  caller: Caller,
  form: StoredForm,
  pairs: Iterable<readonly [Key, Value]>,
  options: CallOptions,
): Promise<Revision[]> {
  const puts = putsOf(form, pairs);
  const deadline = caller.deadline(options);
  const revisions = new Map<Put, Revision>();
  const parts = await writeAll(caller, puts, options, deadline, revisions);
  requireAll(`putMany of ${puts.length} keys`, parts);
  return puts.map((put) => revisions.get(put) as Revision);
}

function putsOf(
  { keyOf, valueOf, ttlMs }: StoredForm,
  pairs: Iterable<readonly [Key, Value]>,
): Put[] {
  requireList("pairs", pairs);
  const seen = new Set<InternalKey>();
  return Array.from(pairs, (pair) => {
    if (!Array.isArray(pair) || pair.length !== 2) throw badRequest("a pair is no [key, value]");
    const [key, value] = pair as [Key, Value];
    const internalKey = keyOf(key);
    if (seen.has(internalKey)) throw badRequest(`the key ${String(key)} is given twice`);
    seen.add(internalKey);
    return putOf(internalKey, valueOf(value), ttlMs, expectNothing);
  });
}

/** Notes the revisions of what was written. */
async function writeAll(
  caller: Caller,
  puts: readonly Put[],
  options: CallOptions,
  deadline: Deadline,
  revisions: Map<Put, Revision>,
): Promise<PartOutcome<Revision>[]> {
  const parts = unitsOf(caller, puts).map(async (unit) => {
    const keys = keyTexts(unit.puts.map(({ key }) => key));
    const part = await outcomeOf(unit.group, keys, write(caller, unit, options, deadline));
    if (part.done !== undefined) for (const put of unit.puts) revisions.set(put, part.done);
    // Keys have moved to another group since the unit was made.
    const isSplit = part.failure instanceof CrossGroupTransactionError;
    return isSplit ? writeAll(caller, unit.puts, options, deadline, revisions) : [part];
  });
  return (await Promise.all(parts)).flat();
}

function unitsOf(caller: Caller, puts: readonly Put[]): Unit[] {
  const units: Unit[] = [];
  const keys = puts.map(({ key }) => key);
  for (const [group, positions] of byGroup(caller, keys)) {
    let unit: Unit | undefined;
    for (const at of positions) {
      const put = puts[at] as Put;
      const bytes = encodedBytesMax(put);
      const isFull =
        unit !== undefined &&
        (unit.puts.length === transactionOperationsMax ||
          unit.bytes + bytes > transactionBytesMax - bytesReserved);
      if (unit === undefined || isFull) units.push((unit = { group, puts: [], bytes: 0 }));
      unit.puts.push(put);
      unit.bytes += bytes;
    }
  }
  return units;
}

/** For the transaction around the operations. */
const bytesReserved = 64;

async function write(
  caller: Caller,
  { puts }: Unit,
  options: CallOptions,
  deadline: Deadline,
): Promise<Revision> {
  const own = { ...options, timeoutMs: deadline.leftMs("putMany") };
  const [only] = puts;
  if (puts.length === 1 && only !== undefined) return caller.write(only, own, revisionOf);
  const operation = { kind: operationKind.transaction, checks: [], operations: puts } as const;
  return caller.write(operation, own, revisionOf);
}

function revisionOf(result: OperationResult): Revision {
  return typeof result === "number" ? result : "revision" in result ? result.revision : 0;
}

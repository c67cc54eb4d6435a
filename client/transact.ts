/** Runs a transaction's function until what it read still holds when its writes are carried out. */
import { SynodError } from "../infra/errors/synod-error.ts";
import { operationKind } from "../kv/commands/operation.ts";
import type { OperationResult, TransactionResult } from "../kv/commands/result.ts";
import type { Revision } from "../kv/revision.ts";
import type { Caller } from "./caller.ts";
import { requireNotAborted } from "./caller.ts";
import { transactionOf } from "./commit.ts";
import { Backoff } from "./core/backoff.ts";
import { AbortedError, ConflictError } from "./errors.ts";
import { badRequest, requireOptions, wholeNumber, type CallOptions } from "./options.ts";
import { Attempt, Transaction } from "./transaction.ts";

/** What `transaction` takes; `timeoutMs` is for all attempts together. */
export interface TransactionOptions extends CallOptions {
  /** How often the function is run at most. 32 unless given. */
  readonly attemptsMax?: number;
}

/** What a transaction came to. */
export interface Transacted<Result> {
  /** What the function returned. */
  readonly result: Result;
  /** Of everything it wrote; where it wrote nothing, one as of which everything it read holds. */
  readonly revision: Revision;
}

const attemptsMaxDefault = 32;
/** Whoever won was done within a few milliseconds: the next attempt need not wait long. */
const pauses = { backoffMsMin: 2, backoffMsMax: 250 };

export async function transact<Result>(
  caller: Caller,
  run: (transaction: Transaction) => Promise<Result> | Result,
  options: TransactionOptions,
): Promise<Transacted<Result>> {
  requireOptions(options);
  if (typeof run !== "function") throw badRequest("a transaction is a function");
  const attemptsMax = wholeNumber("attemptsMax", options.attemptsMax ?? attemptsMaxDefault, 1);
  const deadline = caller.deadline(options);
  const { signal } = options;
  const remaining = (): CallOptions => ({
    timeoutMs: deadline.leftMs("the transaction"),
    ...(signal === undefined ? {} : { signal }),
  });
  const backoff = new Backoff(caller.randomness, pauses);
  for (let attempts = 1; ; attempts++) {
    try {
      return await attempt(caller, run, remaining);
    } catch (thrown) {
      if (!(thrown instanceof LostRace)) throw thrown;
      const delayMs = backoff.delayMs(attempts);
      const goesOn = attempts < attemptsMax && deadline.allows(delayMs);
      if (!goesOn) throw thrown.conflict(attempts);
      await pause(caller, delayMs, signal);
    }
  }
}

/** Others changed what was read: thrown where only the runner catches it, so that no conflict of the user's passes for it. */
class LostRace extends Error {
  readonly #conflict: ConflictError;

  constructor(conflict: ConflictError) {
    super(conflict.message);
    this.#conflict = conflict;
  }

  conflict(attempts: number): ConflictError {
    const { message, bucket, key, expectedRevision, actualRevision } = this.#conflict;
    const details = { bucket, key, expectedRevision, actualRevision };
    return new ConflictError(`given up after ${attempts} attempts: ${message}`, details);
  }
}

async function attempt<Result>(
  caller: Caller,
  run: (transaction: Transaction) => Promise<Result> | Result,
  remaining: () => CallOptions,
): Promise<Transacted<Result>> {
  const attempt = new Attempt(caller, remaining);
  let result: Result;
  try {
    result = await run(new Transaction(attempt));
  } catch (thrown) {
    attempt.isOver = true;
    if (!attempt.failures.has(thrown)) await validate(caller, attempt, thrown, remaining);
    throw thrown;
  }
  attempt.isOver = true;
  const revision = await commit(caller, attempt, remaining);
  return { result, revision };
}

/** A single read shows one moment by itself, and what read nothing has nothing to be validated. */
function isProven({ reads }: Attempt): boolean {
  return reads < 2;
}

async function commit(
  caller: Caller,
  attempt: Attempt,
  remaining: () => CallOptions,
): Promise<Revision> {
  const { checks, writes, lastRevision } = attempt;
  if (writes.size === 0 && isProven(attempt)) return lastRevision;
  try {
    return await caller.write(transactionOf(checks, [...writes.values()]), remaining(), revisionOf);
  } catch (thrown) {
    if (thrown instanceof ConflictError) throw new LostRace(thrown);
    throw thrown;
  }
}

/**
 * An exception may come from having read what never was together: it counts only if everything read still holds.
 */
async function validate(
  caller: Caller,
  attempt: Attempt,
  exception: unknown,
  remaining: () => CallOptions,
): Promise<void> {
  if (isProven(attempt)) return;
  try {
    await caller.write(transactionOf(attempt.checks, []), remaining(), revisionOf);
  } catch (thrown) {
    if (thrown instanceof ConflictError) throw new LostRace(thrown);
    if (!(thrown instanceof SynodError)) throw thrown;
    const message = `the transaction's function threw, and what it had read could not be validated: ${thrown.message}`;
    throw new SynodError(thrown.code, message, { outcome: "not executed", cause: exception });
  }
}

function revisionOf(result: OperationResult): Revision {
  return typeof result === "object" && result.kind === operationKind.transaction
    ? (result satisfies TransactionResult).revision
    : 0;
}

function pause(caller: Caller, delayMs: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal !== undefined) requireNotAborted(signal);
    const release = signal && caller.aborts.heed(signal, abort);
    const cancel = caller.clock.after(delayMs, () => {
      release?.();
      resolve();
    });
    function abort(): void {
      cancel();
      const message = "the transaction was aborted between two attempts";
      reject(new AbortedError(message, signal?.reason, "not executed"));
    }
  });
}

/**
 * Reads the operations of a frame. What is not msgpack, or not an operation, fails the whole frame
 * (`MalformedBytes`); what only breaks a limit becomes a refused operation and fails alone.
 */
import {
  checkKind,
  expectNothing,
  operationKind,
  type Changes,
  type ChangesCursor,
  type Check,
  type Delete,
  type DeleteRange,
  type Get,
  type Increment,
  type Put,
  type Range,
  type ReadOperation,
  type Refused,
  type Transaction,
  type TransactionOperation,
  type WriteOperation,
} from "../../kv/commands/operation.ts";
import {
  frameOperationsMax,
  transactionBytesMax,
  transactionChecksMax,
  transactionOperationsMax,
  ttlMsMax,
  valueBytesMax,
} from "../../kv/limits.ts";
import type { RefusalCode } from "../../kv/refusal.ts";
import { newest, type Revision } from "../../kv/revision.ts";
import { changesFlag, deleteFlag, getFlag, rangeFlag } from "./formats.ts";
import { KeyReader } from "./key-reader.ts";
import { malformed } from "./malformed.ts";
import type { MsgpackReader } from "./msgpack-reader.ts";

export class OperationReader {
  readonly #reader: MsgpackReader;
  readonly #keys: KeyReader;
  /** The bytes the reader is on: what values are windows of. */
  #source: Uint8Array = new Uint8Array(0);
  #valueTooLarge = false;

  constructor(reader: MsgpackReader) {
    this.#reader = reader;
    this.#keys = new KeyReader(reader);
  }

  writes(source: Uint8Array): WriteOperation[] {
    this.#begin(source);
    const count = this.#count();
    const operations: WriteOperation[] = [];
    for (let at = 0; at < count; at++) operations.push(this.#write());
    return operations;
  }

  reads(source: Uint8Array): ReadOperation[] {
    this.#begin(source);
    const count = this.#count();
    const operations: ReadOperation[] = [];
    for (let at = 0; at < count; at++) operations.push(this.#read());
    return operations;
  }

  #begin(source: Uint8Array): void {
    this.#source = source;
    // A frame that turned out malformed may have left a problem behind.
    this.#takeProblem();
  }

  #count(): number {
    const count = this.#reader.arrayLength();
    if (count === 0 || count > frameOperationsMax) {
      throw malformed(`a frame of ${count} operations`);
    }
    return count;
  }

  #write(): WriteOperation {
    const length = this.#reader.arrayLength();
    const kind = this.#reader.integer();
    let operation: WriteOperation;
    if (kind === operationKind.put) operation = this.#put(length);
    else if (kind === operationKind.delete) operation = this.#delete(length);
    else if (kind === operationKind.increment) operation = this.#increment(length);
    else if (kind === operationKind.deleteRange) operation = this.#deleteRange(length);
    else if (kind === operationKind.transaction) return this.#transaction(length);
    else throw malformed(`operation ${kind} in a writing frame`);
    const problem = this.#takeProblem();
    return problem === undefined ? operation : refused(problem, -1);
  }

  #read(): ReadOperation {
    const length = this.#reader.arrayLength();
    const kind = this.#reader.integer();
    let operation: ReadOperation;
    if (kind === operationKind.get) operation = this.#get(length, 4);
    else if (kind === operationKind.range) operation = this.#range(length);
    else if (kind === operationKind.changes) operation = this.#changes(length);
    else throw malformed(`operation ${kind} in a reading frame`);
    const problem = this.#takeProblem();
    return problem === undefined ? operation : refused(problem, -1);
  }

  #put(length: number): Put {
    requireLength(length, 3, 5);
    const key = this.#keys.key();
    const reader = this.#reader;
    if (reader.window() > valueBytesMax) this.#valueTooLarge = true;
    const start = reader.windowStart;
    const end = reader.windowEnd;
    const ttlMs = length > 3 ? this.#ttlMs() : 0;
    const expectation = length > 4 ? this.#expectation() : expectNothing;
    return { kind: operationKind.put, key, source: this.#source, start, end, ttlMs, expectation };
  }

  #delete(length: number): Delete {
    requireLength(length, 2, 4);
    const key = this.#keys.key();
    const expectation = length > 2 ? this.#expectation() : expectNothing;
    if (length < 4 || this.#reader.skipNil()) {
      return { kind: operationKind.delete, key, expectation };
    }
    const flags = this.#reader.unsigned();
    if (flags > deleteFlag.purge) throw malformed(`delete flags ${flags}`);
    return { kind: operationKind.delete, key, expectation, purge: flags === deleteFlag.purge };
  }

  #increment(length: number): Increment {
    requireLength(length, 3, 3);
    const key = this.#keys.key();
    return { kind: operationKind.increment, key, delta: this.#reader.integer() };
  }

  #deleteRange(length: number): DeleteRange {
    requireLength(length, 4, 5);
    const start = this.#keys.start();
    const end = this.#keys.end();
    const limit = this.#reader.unsigned();
    const cursor = length > 4 ? this.#keys.end() : undefined;
    return { kind: operationKind.deleteRange, start, end, limit, cursor };
  }

  #get(length: number, lengthMax: number): Get {
    requireLength(length, 2, lengthMax);
    const key = this.#keys.key();
    const at = length > 2 ? this.#revision() : newest;
    if (length < 4 || this.#reader.skipNil()) return { kind: operationKind.get, key, at };
    const flags = this.#reader.unsigned();
    if (flags > getFlag.tombstoneToo) throw malformed(`get flags ${flags}`);
    return { kind: operationKind.get, key, at, tombstoneToo: flags === getFlag.tombstoneToo };
  }

  #range(length: number): Range {
    requireLength(length, 5, 7);
    const start = this.#keys.start();
    const end = this.#keys.end();
    const limit = this.#reader.unsigned();
    const flags = this.#reader.unsigned();
    if (flags > (rangeFlag.reverse | rangeFlag.keysOnly)) throw malformed(`range flags ${flags}`);
    const reverse = (flags & rangeFlag.reverse) !== 0;
    const keysOnly = (flags & rangeFlag.keysOnly) !== 0;
    const at = length > 5 ? this.#revision() : newest;
    const cursor = length > 6 ? this.#keys.end() : undefined;
    return { kind: operationKind.range, start, end, limit, reverse, keysOnly, at, cursor };
  }

  #changes(length: number): Changes {
    requireLength(length, 7, 8);
    const reader = this.#reader;
    const start = this.#keys.start();
    const end = this.#keys.end();
    const since = reader.unsigned();
    const until = this.#revision();
    const limit = reader.unsigned();
    const flags = reader.unsigned();
    if (flags > allChangesFlags) throw malformed(`changes flags ${flags}`);
    const incompleteToo = (flags & changesFlag.incompleteToo) !== 0;
    const keysOnly = (flags & changesFlag.keysOnly) !== 0;
    const newestOnly = (flags & changesFlag.newestOnly) !== 0;
    const cursor = length > 7 ? this.#changesCursor() : undefined;
    const asked = { since, until, limit, incompleteToo, keysOnly, newestOnly, cursor };
    return { kind: operationKind.changes, start, end, ...asked };
  }

  #changesCursor(): ChangesCursor | undefined {
    if (this.#reader.skipNil()) return undefined;
    requireLength(this.#reader.arrayLength(), 2, 2);
    return { key: this.#keys.start(), below: this.#reader.unsigned() };
  }

  #transaction(length: number): Transaction | Refused {
    requireLength(length, 3, 3);
    const reader = this.#reader;
    const start = reader.position;
    // A transaction that is too large is still read to its end: it is refused alone, and its frame goes on.
    let problem: Refused | undefined;
    const checkCount = reader.arrayLength();
    const checks: Check[] = [];
    for (let at = 0; at < checkCount; at++) {
      checks.push(this.#check());
      problem = this.#firstRefusal(problem, at);
    }
    const operationCount = reader.arrayLength();
    const operations: TransactionOperation[] = [];
    for (let at = 0; at < operationCount; at++) {
      operations.push(this.#transactionOperation());
      problem = this.#firstRefusal(problem, checkCount + at);
    }
    if (
      checkCount > transactionChecksMax ||
      operationCount > transactionOperationsMax ||
      reader.position - start > transactionBytesMax
    ) {
      return refused("TRANSACTION_TOO_LARGE", -1);
    }
    return problem ?? { kind: operationKind.transaction, checks, operations };
  }

  #transactionOperation(): TransactionOperation {
    const length = this.#reader.arrayLength();
    const kind = this.#reader.integer();
    if (kind === operationKind.put) return this.#put(length);
    if (kind === operationKind.delete) return this.#delete(length);
    if (kind === operationKind.increment) return this.#increment(length);
    if (kind === operationKind.get) return this.#get(length, 2);
    throw malformed(`operation ${kind} in a transaction`);
  }

  #check(): Check {
    const length = this.#reader.arrayLength();
    const kind = this.#reader.integer();
    if (kind === checkKind.revision) {
      requireLength(length, 3, 3);
      return { kind: checkKind.revision, key: this.#keys.key(), revision: this.#reader.unsigned() };
    }
    if (kind === checkKind.exists) {
      requireLength(length, 2, 2);
      return { kind: checkKind.exists, key: this.#keys.key() };
    }
    if (kind !== checkKind.unchanged) throw malformed(`check ${kind}`);
    requireLength(length, 4, 4);
    const start = this.#keys.start();
    const end = this.#keys.end();
    return { kind: checkKind.unchanged, start, end, since: this.#reader.unsigned() };
  }

  #ttlMs(): number {
    if (this.#reader.skipNil()) return 0;
    const ttlMs = this.#reader.unsigned();
    if (ttlMs > ttlMsMax) throw malformed(`a ttl of ${ttlMs} ms where ${ttlMsMax} are allowed`);
    return ttlMs;
  }

  #expectation(): Revision {
    return this.#reader.skipNil() ? expectNothing : this.#reader.unsigned();
  }

  #revision(): Revision {
    return this.#reader.skipNil() ? newest : this.#reader.unsigned();
  }

  /** Takes the problem of what was just read, even when an earlier one counts. */
  #firstRefusal(earlier: Refused | undefined, position: number): Refused | undefined {
    const problem = this.#takeProblem();
    return earlier ?? (problem === undefined ? undefined : refused(problem, position));
  }

  /** The limit the operation just read breaks, if any. */
  #takeProblem(): RefusalCode | undefined {
    const tooLarge = this.#valueTooLarge;
    this.#valueTooLarge = false;
    return this.#keys.takeProblem() ?? (tooLarge ? "VALUE_TOO_LARGE" : undefined);
  }
}

const allChangesFlags = changesFlag.incompleteToo | changesFlag.keysOnly | changesFlag.newestOnly;

function requireLength(length: number, least: number, most: number): void {
  if (length < least || length > most) throw malformed(`an operation of ${length} elements`);
}

function refused(code: RefusalCode, position: number): Refused {
  return { kind: 0, code, position };
}

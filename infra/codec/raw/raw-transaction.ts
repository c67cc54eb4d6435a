/** The body of `txn`: what has to hold, and what is done then, all of it or nothing. `synod txn` takes the same. */
import {
  absent,
  checkKind,
  expectNothing,
  operationKind,
  type Check,
  type Transaction,
  type TransactionOperation,
} from "../../../kv/commands/operation.ts";
import { bucketSeparator, isBucketName } from "../../../kv/internal-key.ts";
import {
  keyBytesMax,
  transactionBytesMax,
  transactionChecksMax,
  transactionOperationsMax,
  ttlMsMax,
  valueBytesMax,
} from "../../../kv/limits.ts";
import type { InternalKey } from "../../../kv/state-reader.ts";
import { SynodError } from "../../errors/synod-error.ts";
import { bytesOf, prefixEnd } from "../key-text.ts";
import { encodedBytesMax } from "../request-encoder.ts";
import { DocumentReader, isWellFormed, type Fields, type FieldTypes } from "./raw-document.ts";

const documentFields: FieldTypes = { checks: "list", ops: "list" };

const checkFields: FieldTypes = {
  bucket: "text",
  key: "text",
  revision: "whole",
  exists: "boolean",
  unchangedSince: "whole",
  prefix: "text",
  start: "text",
  end: "text",
};

const shared = { op: "text", bucket: "text", key: "text" } as const;

const operationFields: ReadonlyMap<unknown, FieldTypes> = new Map<unknown, FieldTypes>([
  [
    "put",
    { ...shared, value: "bytes", valueBase64: "base64", ttlMs: "whole", previousRevision: "whole" },
  ],
  ["delete", { ...shared, previousRevision: "whole" }],
  ["increment", { ...shared, delta: "integer" }],
  ["get", shared],
]);

const example = `{"checks":[{"key":"a","revision":0}],"ops":[{"op":"put","key":"a","value":"1"}]}`;

/** Throws `BAD_REQUEST` and what says that a part is too large. Keys that name no bucket lie in this one. */
export function readTransaction(bucket: string, body: Uint8Array, isPacked: boolean): Transaction {
  return new TransactionReader(bucket, isPacked).read(body);
}

/** What decides which group the transaction belongs to. */
export function firstKeyOf({ checks, operations }: Transaction): InternalKey {
  const [first] = [...checks, ...operations];
  if (first === undefined) return "";
  return "key" in first ? first.key : first.start;
}

class TransactionReader {
  readonly #bucket: string;
  readonly #reader: DocumentReader;
  readonly #written = new Set<InternalKey>();

  constructor(bucket: string, isPacked: boolean) {
    this.#bucket = bucket;
    this.#reader = new DocumentReader(isPacked);
  }

  read(body: Uint8Array): Transaction {
    const reader = this.#reader;
    const document = reader.read(body, documentFields);
    const checkList = reader.objects(document, "checks");
    const operationList = reader.objects(document, "ops");
    if (operationList.length > transactionOperationsMax) {
      throw tooLarge(`a transaction of ${operationList.length} operations`);
    }
    if (checkList.length > transactionChecksMax) {
      throw tooLarge(`a transaction of ${checkList.length} checks`);
    }
    const checks = checkList.map((check, at) => this.#check(check, `checks[${at}].`));
    const operations = operationList.map((one, at) => this.#operation(one, `ops[${at}].`));
    if (checks.length + operations.length === 0) reader.note("it names no key");
    reader.finish("transaction", example);
    const transaction: Transaction = { kind: operationKind.transaction, checks, operations };
    const bytes = encodedBytesMax(transaction);
    if (bytes > transactionBytesMax) throw tooLarge(`a transaction of ${bytes} bytes`);
    return transaction;
  }

  #check(check: Fields, where: string): Check {
    const reader = this.#reader;
    reader.require(check, checkFields, where);
    const kinds = ["revision", "exists", "unchangedSince"].filter((name) => name in check);
    if (kinds.length !== 1) {
      reader.note(`${where}: a check has one of revision, exists and unchangedSince`);
    }
    if ("unchangedSince" in check) return this.#unchanged(check, where);
    const key = this.#key(check, where);
    if (check["exists"] === true) return { kind: checkKind.exists, key };
    const revision = reader.number(check, "revision") ?? absent;
    return { kind: checkKind.revision, key, revision };
  }

  #unchanged(check: Fields, where: string): Check {
    const reader = this.#reader;
    const inBucket = this.#bucketPrefix(check, where);
    const prefix = reader.text(check, "prefix");
    const start = inBucket + (prefix ?? reader.text(check, "start") ?? "");
    const ownEnd = reader.text(check, "end");
    if (prefix !== undefined && (ownEnd !== undefined || "start" in check)) {
      reader.note(`${where}prefix goes without start and end`);
    }
    if ("key" in check) reader.note(`${where}key does not go with unchangedSince`);
    const end =
      prefix === undefined && ownEnd !== undefined
        ? inBucket + ownEnd
        : prefixEnd(prefix === undefined ? inBucket : start);
    if (start.length > boundLengthMax || (end ?? "").length > boundLengthMax) {
      reader.note(`${where}a bound is too long`);
    }
    const since = reader.number(check, "unchangedSince") ?? 0;
    return { kind: checkKind.unchanged, start, end, since };
  }

  #operation(operation: Fields, where: string): TransactionOperation {
    const reader = this.#reader;
    const { op } = operation;
    const types = operationFields.get(op);
    if (types === undefined) reader.note(`${where}op is none of put, delete, increment and get`);
    else reader.require(operation, types, where);
    const key = this.#key(operation, where);
    if (op === "get") return { kind: operationKind.get, key, at: Number.MAX_SAFE_INTEGER };
    if (this.#written.has(key)) reader.note(`${where}key is written twice`);
    this.#written.add(key);
    if (op === "increment") {
      const delta = reader.number(operation, "delta") ?? 1;
      return { kind: operationKind.increment, key, delta };
    }
    const expectation = reader.number(operation, "previousRevision") ?? expectNothing;
    if (op === "delete") return { kind: operationKind.delete, key, expectation };
    const source = this.#value(operation, where);
    const ttlMs = reader.number(operation, "ttlMs") ?? 0;
    if (ttlMs > ttlMsMax) reader.note(`${where}ttlMs is more than ten years`);
    const window = { source, start: 0, end: source.length };
    return { kind: operationKind.put, key, ...window, ttlMs, expectation };
  }

  #value(operation: Fields, where: string): Uint8Array {
    const { value, valueBase64 } = operation;
    if ((value === undefined) === (valueBase64 === undefined)) {
      this.#reader.note(`${where}: a put has one of value and valueBase64`);
    }
    const bytes =
      typeof valueBase64 === "string"
        ? Buffer.from(valueBase64, "base64")
        : bytesOf(this.#reader.text(operation, "value") ?? "");
    if (bytes.length <= valueBytesMax) return bytes;
    throw new SynodError("VALUE_TOO_LARGE", `${where}value has ${bytes.length} bytes`);
  }

  #key(fields: Fields, where: string): InternalKey {
    const { key: given } = fields;
    if (typeof given === "string" && !isWellFormed(given)) {
      throw new SynodError("BAD_KEY", `${where}key is no well-formed text`);
    }
    const key = this.#reader.text(fields, "key");
    if (key === undefined && !("key" in fields)) this.#reader.note(`${where}key is missing`);
    const length = key?.length ?? 1;
    if (length === 0 || length > keyBytesMax) {
      throw new SynodError("BAD_KEY", `${where}key has ${length} bytes`);
    }
    return this.#bucketPrefix(fields, where) + (key ?? "");
  }

  #bucketPrefix(fields: Fields, where: string): InternalKey {
    const bucket = this.#reader.text(fields, "bucket") ?? this.#bucket;
    if (isBucketName(bucket)) return bucket + bucketSeparator;
    throw new SynodError("BAD_BUCKET", `${where}bucket is no name of a bucket`);
  }
}

const boundLengthMax = 128 + 1 + keyBytesMax + 1;

function tooLarge(claim: string): SynodError {
  return new SynodError("TRANSACTION_TOO_LARGE", claim);
}

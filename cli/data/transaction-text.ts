/** A transaction as JSON, and its outcome. Everything that is wrong with the text is told at once. */
import type {
  Check,
  Committed,
  Declared,
  Operation,
  OperationOutcome,
} from "../../client/commit.ts";
import { SynodError } from "../../infra/errors/synod-error.ts";
import { entryObject } from "./entry-object.ts";
import { visibleText } from "./visible-text.ts";

type Fields = Readonly<Record<string, unknown>>;
type FieldType = "string" | "number" | "boolean";

type FieldTypes = ReadonlyMap<string, FieldType>;

const checkFields: FieldTypes = new Map([
  ["bucket", "string"],
  ["key", "string"],
  ["revision", "number"],
  ["exists", "boolean"],
  ["unchangedSince", "number"],
  ["prefix", "string"],
  ["start", "string"],
  ["end", "string"],
]);

function operationFields(...own: readonly (readonly [string, FieldType])[]): FieldTypes {
  return new Map([["op", "string"], ["bucket", "string"], ["key", "string"], ...own]);
}

const operations: ReadonlyMap<unknown, FieldTypes> = new Map([
  [
    "put",
    operationFields(
      ["value", "string"],
      ["valueBase64", "string"],
      ["ttlMs", "number"],
      ["previousRevision", "number"],
    ),
  ],
  ["delete", operationFields(["previousRevision", "number"])],
  ["increment", operationFields(["delta", "number"])],
  ["get", operationFields()],
]);
const example = `as in {"checks":[{"key":"a","revision":0}],"ops":[{"op":"put","key":"a","value":"1"}]}`;

/** Throws `BAD_REQUEST`. `bucket` is where keys are that name none. */
export function parseTransaction(text: string, bucket: string): Declared {
  const reader = new TransactionReader(bucket);
  const declared = reader.read(text);
  const { problems } = reader;
  if (problems.length === 0) return declared;
  throw new SynodError("BAD_REQUEST", `the transaction is not right: ${problems.join("; ")}`, {
    nextStep: `Write it ${example}.`,
  });
}

class TransactionReader {
  readonly problems: string[] = [];
  readonly #bucket: string;

  constructor(bucket: string) {
    this.#bucket = bucket;
  }

  read(text: string): Declared {
    const root = this.#json(text);
    if (root === undefined) return {};
    for (const name of Object.keys(root)) {
      if (name !== "checks" && name !== "ops") this.problems.push(`it has no field ${name}`);
    }
    return {
      checks: this.#list(root, "checks").map((check, at) => this.#check(check, `checks[${at}]`)),
      operations: this.#list(root, "ops").map((op, at) => this.#operation(op, `ops[${at}]`)),
    };
  }

  #json(text: string): Fields | undefined {
    try {
      const parsed: unknown = JSON.parse(text);
      if (isFields(parsed)) return parsed;
      this.problems.push("it is no JSON object");
    } catch (failure) {
      this.problems.push(`it is no JSON: ${failure instanceof Error ? failure.message : ""}`);
    }
    return undefined;
  }

  #list(root: Fields, name: string): readonly Fields[] {
    const list = root[name] ?? [];
    if (Array.isArray(list) && list.every(isFields)) return list;
    this.problems.push(`${name} is no list of objects`);
    return [];
  }

  #check(check: Fields, where: string): Check {
    this.#requireFields(check, checkFields, where);
    const kinds = ["revision", "exists", "unchangedSince"].filter((name) => name in check);
    if (kinds.length !== 1) {
      this.problems.push(`${where} needs one of revision, exists and unchangedSince`);
    }
    if (!("unchangedSince" in check)) this.#requireKey(check, where);
    return { bucket: this.#bucket, ...check } as Check;
  }

  #operation(operation: Fields, where: string): Operation {
    const { op } = operation;
    const fields = operations.get(op);
    if (fields === undefined) {
      this.problems.push(`${where}.op is none of put, delete, increment and get`);
    } else {
      this.#requireFields(operation, fields, where);
      this.#requireKey(operation, where);
    }
    const value = op === "put" ? { value: this.#value(operation, where) } : {};
    return { bucket: this.#bucket, ...operation, ...value } as unknown as Operation;
  }

  #value({ value, valueBase64 }: Fields, where: string): string | Uint8Array {
    if ((value === undefined) === (valueBase64 === undefined)) {
      this.problems.push(`${where} needs one of value and valueBase64`);
    }
    if (typeof valueBase64 !== "string") return typeof value === "string" ? value : "";
    const bytes = Buffer.from(valueBase64, "base64");
    if (bytes.toString("base64") !== valueBase64) {
      this.problems.push(`${where}.valueBase64 is no base64`);
    }
    return bytes;
  }

  #requireKey(fields: Fields, where: string): void {
    if (!("key" in fields)) this.problems.push(`${where} has no key`);
  }

  #requireFields(fields: Fields, types: FieldTypes, where: string): void {
    for (const [name, value] of Object.entries(fields)) {
      const type = types.get(name);
      if (type === undefined) this.problems.push(`${where} has no field ${name}`);
      else if (typeof value !== type) this.problems.push(`${where}.${name} is no ${type}`);
    }
  }
}

function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** For programs. */
export function outcomeObject({ revision, results }: Committed): object {
  return {
    revision,
    results: results.map((result) =>
      result.op === "get"
        ? { op: "get", entry: result.entry === null ? null : entryObject(result.entry) }
        : result,
    ),
  };
}

/** For people. */
export function outcomeLines(
  { revision, results }: Committed,
  { operations = [] }: Declared,
): string[] {
  const lines = results.map((result, at) => {
    const { bucket = "", key = "" } = operations[at] ?? {};
    return outcomeText(result, `${bucket}/${typeof key === "string" ? key : ""}`);
  });
  return [...lines, `revision ${revision}`];
}

function outcomeText(result: OperationOutcome, key: string): string {
  if (result.op === "put") return `put ${key}`;
  if (result.op === "increment") return `increment ${key}: ${result.value}`;
  if (result.op === "delete") {
    return `delete ${key}${result.existed ? "" : ": there was no such key"}`;
  }
  return `get ${key}: ${result.entry === null ? "no such key" : visibleText(result.entry.value)}`;
}

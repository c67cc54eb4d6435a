/** What answers say of keys: which one got or had which text at which revision. */
import { changeOperation } from "../../kv/change.ts";
import { operationKind } from "../../kv/commands/operation.ts";
import type { OperationResult } from "../../kv/commands/result.ts";
import { newest, type Revision } from "../../kv/revision.ts";
import type { InternalKey } from "../../kv/state-reader.ts";
import type { Version } from "../../kv/version.ts";
import type { Answer, Recorded } from "../workload/history.ts";

export interface Fact {
  readonly key: InternalKey;
  /** At which the key was written, or removed; undefined of a key that was not there. */
  readonly revision: Revision | undefined;
  /** Undefined of a key that was removed, or not there. */
  readonly text: string | undefined;
  /** It is so because of this very operation; otherwise it was seen. */
  readonly wrote: boolean;
}

/** Several checks look at the same answers, which do not change any more. */
const known = new WeakMap<Answer, readonly Fact[]>();

/** Of an operation that was answered, about what was newest then; nothing of others. */
export function factsOf({ operation, told }: Recorded): readonly Fact[] {
  if (told === undefined || !("result" in told.answer) || looksBack(operation)) return [];
  const { answer } = told;
  let facts = known.get(answer);
  if (facts === undefined) {
    facts = factsOfAnswer(operation, answer);
    known.set(answer, facts);
  }
  return facts;
}

function factsOfAnswer(operation: Recorded["operation"], { result }: Answer): readonly Fact[] {
  if (operation.kind === operationKind.transaction) {
    if (typeof result === "number" || !("results" in result)) return [];
    return operation.operations.flatMap((part, at) => factsOfOne(part, result.results[at]));
  }
  return factsOfOne(operation, result);
}

type Simple = Exclude<Recorded["operation"], { kind: typeof operationKind.transaction }>;

function factsOfOne(operation: Simple, result: OperationResult | undefined): readonly Fact[] {
  if (result === undefined) return [];
  if (typeof result === "number") {
    if (operation.kind !== operationKind.put) return [];
    return [{ key: operation.key, revision: result, text: textOf(operation), wrote: true }];
  }
  switch (result.kind) {
    case operationKind.delete: {
      if (operation.kind !== operationKind.delete || !result.existed) return [];
      const { revision } = result;
      return [{ key: operation.key, revision, text: undefined, wrote: true }];
    }
    case operationKind.increment: {
      if (operation.kind !== operationKind.increment) return [];
      const { revision, value } = result;
      return [{ key: operation.key, revision, text: String(value), wrote: true }];
    }
    case operationKind.get:
      return operation.kind === operationKind.get ? [seen(operation.key, result.version)] : [];
    case operationKind.range:
      if (operation.kind === operationKind.range && operation.keysOnly) return [];
      return result.rows.map(({ key, version }) => seen(key, version));
    default:
      return [];
  }
}

function seen(key: InternalKey, version: Version | undefined): Fact {
  const text = version && textOf(version);
  return { key, revision: version?.revision, text, wrote: false };
}

/** It reads what was, and not what is. */
export function looksBack(operation: Recorded["operation"]): boolean {
  return "at" in operation && operation.at !== newest;
}

export function textOf({ source, start, end }: Pick<Version, "source" | "start" | "end">): string {
  return Buffer.from(source.buffer, source.byteOffset + start, end - start).toString();
}

/** Whether a change of the log takes a key away. */
export function isRemoval(operation: number): boolean {
  return operation !== changeOperation.put;
}

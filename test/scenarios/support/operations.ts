/** From the words of a scenario to requests, and from answers to the words it shows. */
import { linearizable, stale, type Freshness } from "../../../client/core/freshness.ts";
import { internalKeyOf } from "../../../infra/codec/key-text.ts";
import type { ReadRequest, WriteRequest } from "../../../infra/codec/request-encoder.ts";
import { absent, expectNothing, operationKind } from "../../../kv/commands/operation.ts";
import { newest, type Revision } from "../../../kv/revision.ts";
import type { Recorded } from "../../../sim/workload/history.ts";

export interface Asked {
  readonly operation: WriteRequest | ReadRequest;
  /** Undefined for writes. */
  readonly freshness: Freshness | undefined;
}

/** Revisions by the names that a scenario gave them. */
export type Marks = ReadonlyMap<string, Revision>;

export function put(
  key: string,
  text: string,
  { ttlMs = 0, expectation = expectNothing } = {},
): WriteRequest {
  const source = Buffer.from(text);
  return {
    kind: operationKind.put,
    key: internalKeyOf("default", key),
    source,
    start: 0,
    end: source.length,
    ttlMs,
    expectation,
  };
}

/**
 * `put KEY TEXT`, `delete KEY`, `increment KEY`, `get KEY`, `stale KEY`. Writes take `if=absent` or `if=MARK`, puts
 * `ttl=MS` as well.
 */
export function operationOf(words: readonly string[], marks: Marks): Asked {
  const [verb = "", name = "", text = ""] = words.filter((word) => !word.includes("="));
  const options = new Map(
    words.filter((word) => word.includes("=")).map((word) => word.split("=") as [string, string]),
  );
  const key = internalKeyOf("default", name);
  const expectation = expectationOf(options.get("if"), marks);
  const ttlMs = Number(options.get("ttl") ?? 0);
  switch (verb) {
    case "put":
      return { operation: put(name, text, { ttlMs, expectation }), freshness: undefined };
    case "delete":
      return { operation: { kind: operationKind.delete, key, expectation }, freshness: undefined };
    case "increment":
      return { operation: { kind: operationKind.increment, key, delta: 1 }, freshness: undefined };
    case "get":
      return {
        operation: { kind: operationKind.get, key, at: newest },
        freshness: linearizable,
      };
    case "stale":
      return { operation: { kind: operationKind.get, key, at: newest }, freshness: stale(0, 0) };
    default:
      throw new Error(`no operation is called ${verb}`);
  }
}

export function toldText({ told }: Recorded): string {
  if (told === undefined) return "no answer";
  if (!("result" in told.answer)) return `${told.answer.code}, ${told.answer.outcome}`;
  const { result } = told.answer;
  if (typeof result === "number") return "ok";
  if ("value" in result) return String(result.value);
  if (!("version" in result)) return "ok";
  if (result.version === undefined) return "absent";
  const { source, start, end } = result.version;
  return Buffer.from(source.subarray(start, end)).toString();
}

/** What was written, or read, at; undefined where nothing was. */
export function revisionTold({ told }: Recorded): Revision | undefined {
  if (told === undefined || !("result" in told.answer)) return undefined;
  const { result } = told.answer;
  if (typeof result === "number") return result;
  if ("version" in result) return result.version?.revision;
  return "revision" in result ? result.revision : undefined;
}

function expectationOf(name: string | undefined, marks: Marks): number {
  if (name === undefined) return expectNothing;
  if (name === "absent") return absent;
  const revision = marks.get(name);
  if (revision === undefined) throw new Error(`no revision is called ${name}`);
  return revision;
}

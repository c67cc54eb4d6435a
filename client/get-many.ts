/** Reads many keys at once, whatever groups they are in. */
import type { ReadRequest, WriteRequest } from "../infra/codec/request-encoder.ts";
import type { GetResult, OperationResult } from "../kv/commands/result.ts";
import type { InternalKey } from "../kv/state-reader.ts";
import { versionKind } from "../kv/version.ts";
import type { Caller } from "./caller.ts";
import type { Place } from "./core/call.ts";
import { entryOf, type Entry } from "./entry.ts";
import { getOf, type Key } from "./input.ts";
import {
  badRequest,
  freshnessOf,
  optionNames,
  requireOptions,
  type ReadOptions,
} from "./options.ts";
import { keyTexts, outcomeOf, requireAll } from "./parts.ts";

export async function getMany(
  caller: Caller,
  keyOf: (key: Key) => InternalKey,
  keys: Iterable<Key>,
  options: ReadOptions,
): Promise<(Entry | null)[]> {
  requireOptions(options, optionNames.read);
  requireList("keys", keys);
  const internalKeys = Array.from(keys, keyOf);
  const freshness = freshnessOf(options);
  const gets = internalKeys.map((key) => getOf(key));
  const entries = caller.readMany(gets, freshness, options, toLiveEntry);
  const parts = [...byGroup(caller, internalKeys)].map(([group, positions]) => {
    const own = positions.map((at) => entries[at] as Promise<Entry | null>);
    const texts = keyTexts(positions.map((at) => internalKeys[at] as InternalKey));
    return outcomeOf(group, texts, Promise.all(own));
  });
  requireAll(`getMany of ${gets.length} keys`, await Promise.all(parts));
  return Promise.all(entries);
}

export function requireList(name: string, list: unknown): void {
  const iterable = typeof list === "object" && list !== null && Symbol.iterator in list;
  if (!iterable || list instanceof Uint8Array) throw badRequest(`${name} is no list`);
}

/** Positions by the group that owns the key there, as far as is known now. */
export function byGroup(caller: Caller, keys: readonly InternalKey[]): Map<string, number[]> {
  const { routes } = caller.core;
  const groups = new Map<string, number[]>();
  for (const [at, key] of keys.entries()) {
    const group = routes?.groupOf(key) ?? "";
    const positions = groups.get(group);
    if (positions === undefined) groups.set(group, [at]);
    else positions.push(at);
  }
  return groups;
}

/** The key's newest version, be it the marker of a key that was deleted. */
export function toEntry(
  result: OperationResult,
  operation: WriteRequest | ReadRequest,
  place: Place,
): Entry | null {
  const { version } = result as GetResult;
  if (version === undefined || !("key" in operation)) return null;
  return entryOf(operation.key, version, place);
}

/** Null when the key was deleted. */
export function toLiveEntry(
  result: OperationResult,
  operation: WriteRequest | ReadRequest,
  place: Place,
): Entry | null {
  const { version } = result as GetResult;
  return version?.kind === versionKind.put ? toEntry(result, operation, place) : null;
}

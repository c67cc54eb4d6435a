/** Of what kinds the operations of a history were, and how they ended: what a run has been about. */
import { expectNothing, operationKind } from "../../kv/commands/operation.ts";
import { looksBack } from "./facts.ts";
import type { Recorded } from "../workload/history.ts";

const kinds: Readonly<Record<number, string>> = {
  [operationKind.put]: "put",
  [operationKind.delete]: "delete",
  [operationKind.increment]: "increment",
  [operationKind.deleteRange]: "deleteRange",
  [operationKind.transaction]: "transaction",
  [operationKind.get]: "get",
  [operationKind.range]: "range",
};

export const kindsOfAnswers = [
  ...Object.values(kinds),
  "conditional put",
  "put with a time to live",
  "stale read",
  "read of the past",
  "keys alone",
  "answer without a place",
] as const;

export const kindsOfFailures = ["CONFLICT", "not executed", "unknown"] as const;

/** How many there were of each; one operation may be of several. */
export type ToldKinds = Readonly<Record<string, number>>;

export function toldKinds(operations: readonly Recorded[]): ToldKinds {
  const counts = new Map<string, number>();
  const note = (kind: string): void => void counts.set(kind, (counts.get(kind) ?? 0) + 1);
  for (const { operation, stale, told } of operations) {
    if (told === undefined) continue;
    if (!("result" in told.answer)) {
      note(told.answer.outcome);
      if (told.answer.code === "CONFLICT") note("CONFLICT");
      continue;
    }
    note(kinds[operation.kind] ?? "other");
    if (stale) note("stale read");
    if (looksBack(operation)) note("read of the past");
    if (operation.kind === operationKind.range && operation.keysOnly) note("keys alone");
    if (told.answer.place === undefined) note("answer without a place");
    if (operation.kind !== operationKind.put) continue;
    if (operation.expectation !== expectNothing) note("conditional put");
    if (operation.ttlMs > 0) note("put with a time to live");
  }
  return Object.fromEntries(counts);
}

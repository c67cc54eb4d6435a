/** Histories written by hand: who asked what when, and what they were told of it. */
import { SynodError } from "../../../infra/errors/synod-error.ts";
import {
  expectNothing,
  operationKind,
  type Increment,
  type Put,
} from "../../../kv/commands/operation.ts";
import type { OperationResult } from "../../../kv/commands/result.ts";
import { newest } from "../../../kv/revision.ts";
import { versionKind, type Version } from "../../../kv/version.ts";
import { Violation } from "../../../sim/violation.ts";
import type { Answer, Recorded } from "../../../sim/workload/history.ts";

type Operation = Recorded["operation"];

export function put(key: string, text: string, ttlMs = 0): Put {
  const source = Buffer.from(text);
  const { put: kind } = operationKind;
  return { kind, key, source, start: 0, end: source.length, ttlMs, expectation: expectNothing };
}

export function get(key: string): Operation {
  return { kind: operationKind.get, key, at: newest };
}

export function increment(key: string, delta = 1): Increment {
  return { kind: operationKind.increment, key, delta };
}

export function remove(key: string): Operation {
  return { kind: operationKind.delete, key, expectation: expectNothing };
}

export function found(text: string, revision: number): OperationResult {
  return { kind: operationKind.get, version: version(text, revision) };
}

export function version(text: string, revision: number): Version {
  const source = Buffer.from(text);
  return { revision, kind: versionKind.put, expiresAt: 0, source, start: 0, end: source.length };
}

export const missing: OperationResult = { kind: operationKind.get, version: undefined };

export function counted(value: number, revision: number): OperationResult {
  return { kind: operationKind.increment, revision, value };
}

export interface Circumstances {
  readonly client?: string;
  readonly stale?: boolean;
  /** Slot, index and last revision in group `g`. */
  readonly at?: readonly [slot: number, index: number, lastRevision: number];
}

/** Between the two times. */
export function told(
  [invokedMs, atMs]: readonly [number, number],
  operation: Operation,
  answer: OperationResult | "unknown" | "not executed",
  { client = "c1", stale = false, at }: Circumstances = {},
): Recorded {
  const recorded = { client, operation, stale, invokedMs };
  if (typeof answer === "string") {
    const failure = new SynodError("UNAVAILABLE", "it did not work", { outcome: answer });
    return { ...recorded, told: { atMs, answer: failure } };
  }
  return { ...recorded, told: { atMs, answer: answerOf(answer, at) } };
}

function answerOf(result: OperationResult, at: Circumstances["at"]): Answer {
  if (at === undefined) return { result };
  const [slot, index, lastRevision] = at;
  return { result, place: { group: "g", slot, index, lastRevision, asOf: 0 } };
}

/** The check that finds it false; `true` when none does. */
export function verdictOf(judge: () => void): string {
  try {
    judge();
    return "true";
  } catch (failure) {
    if (failure instanceof Violation) return failure.check;
    throw failure;
  }
}

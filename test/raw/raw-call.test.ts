/** Whether a program may ask again is said so that one that does never executes anything twice, nor asks in vain. */
import { expect, test } from "vitest";
import { Endpoint } from "../../actors/raw/endpoint.ts";
import { RawCall } from "../../actors/raw/raw-call.ts";
import type { RawAnswer } from "../../infra/codec/raw/raw-answer.ts";
import type { ErrorCode } from "../../infra/errors/error-table.ts";
import { operationKind } from "../../kv/commands/operation.ts";
import { failure } from "../../kv/commands/result.ts";
import type { RefusalCode } from "../../kv/refusal.ts";

type Kind = "read" | "write" | "named write";

/** What a client is told: outcome, and whether to ask again. */
function told(kind: Kind, tell: (call: RawCall) => void): string {
  const answers: RawAnswer[] = [];
  const call = new RawCall(
    {
      nowMs: () => 0,
      bytesMax: () => 2 ** 20,
      publish: (_, answer) => answers.push(answer) > 0,
    },
    new Endpoint("put", "synod.kv.*.put.>"),
    "_INBOX.a",
    false,
  );
  call.reads = kind === "read";
  call.repeatable = kind === "named write";
  tell(call);
  expect(answers).toHaveLength(1);
  const { error } = JSON.parse(Buffer.from(answers[0]?.body ?? "").toString()) as {
    readonly error: { readonly outcome: string; readonly retryable: boolean };
  };
  return `${error.outcome}, ${error.retryable ? "again" : "not again"}`;
}

test.each<[Kind, ErrorCode, string]>([
  ["read", "NOT_LEADER", "not executed, again"],
  ["read", "OVERLOADED", "not executed, again"],
  ["write", "NOT_LEADER", "unknown, not again"],
  ["write", "OVERLOADED", "unknown, not again"],
  ["write", "UNAVAILABLE", "unknown, not again"],
  ["write", "LEADERSHIP_LOST", "unknown, not again"],
  ["write", "FRAME_TOO_LARGE", "unknown, not again"],
  ["named write", "NOT_LEADER", "unknown, again"],
  ["named write", "OVERLOADED", "unknown, again"],
  ["named write", "LEADERSHIP_LOST", "unknown, again"],
  ["named write", "FRAME_TOO_LARGE", "unknown, not again"],
])("a %s that one attempt was refused with %s: %s", (kind, code, expected) => {
  const refusal = { code, message: "", hint: undefined };
  expect(told(kind, (call) => call.refused(refusal))).toBe(expected);
});

test.each<[Kind, RefusalCode, string]>([
  ["write", "CONFLICT", "not executed, not again"],
  ["write", "OVERLOADED", "not executed, again"],
  ["named write", "OVERLOADED", "not executed, not again"],
  ["named write", "WRONG_REGION", "not executed, not again"],
])("a %s that failed in the log with %s: %s", (kind, code, expected) => {
  const executed = {
    refused: false,
    number: 0,
    hash: 1,
    slot: 1,
    index: 0,
    lastRevision: 7,
  } as const;
  const results = [failure(code)];
  expect(told(kind, (call) => call.executed({ ...executed, results }))).toBe(expected);
});

test("a value that is lent is copied into the answer, which waits for the end of the turn", () => {
  const answers: RawAnswer[] = [];
  const ports = {
    nowMs: () => 0,
    bytesMax: () => 2 ** 20,
    publish: (_: string, answer: RawAnswer) => answers.push(answer) > 0,
  };
  const lent = Buffer.from("<first>");
  const call = new RawCall(ports, new Endpoint("get", "synod.kv.*.get.>"), "_INBOX.a", false);
  const version = { revision: 1, kind: 0, expiresAt: 0, source: lent, start: 1, end: 6 } as const;
  const state = { slot: 1, index: 0, lastRevision: 1, asOf: 0, count: 1 };
  call.read({ ...state, each: (told) => told({ kind: operationKind.get, version }) });
  lent.fill("x");
  expect(Buffer.from(answers[0]?.body ?? "").toString()).toBe("first");
});

import * as fc from "fast-check";
import { expect, test } from "vitest";
import { operationKind } from "../../kv/commands/operation.ts";
import { failure, type OperationResult } from "../../kv/commands/result.ts";
import { refusalCodes } from "../../kv/refusal.ts";
import { errorTable, isErrorCode } from "../../infra/errors/error-table.ts";
import { replyKind } from "../../infra/codec/formats.ts";
import { ReplyDecoder, ReplyEncoder, type ExecutedReply } from "../../infra/codec/reply-codec.ts";
import { comparable } from "./support/frames.ts";
import { pack, unpack } from "./support/msgpackr.ts";

const encoder = new ReplyEncoder();
const decoder = new ReplyDecoder();

const revision = fc.nat(Number.MAX_SAFE_INTEGER);
const key = fc.uint8Array({ maxLength: 30 }).map((bytes) => String.fromCharCode(...bytes));
const cursor = fc.option(key, { nil: undefined });

const version = fc
  .record({ revision, expiresAt: revision, source: fc.uint8Array({ maxLength: 50 }) })
  .map(({ source, ...rest }) => ({
    kind: 0 as const,
    ...rest,
    source,
    start: 0,
    end: source.length,
  }));

const tombstone = version.map((one) => ({ ...one, kind: 1 as const, end: 0 }));
const anyVersion = fc.oneof(version, tombstone);
const lengthOnly = fc.record({ version, bytesLeftOut: fc.nat(2 ** 31) }).map((one) => {
  return { ...one.version, bytesLeftOut: one.bytesLeftOut, end: 0 };
});

const simpleResult: fc.Arbitrary<OperationResult> = fc.oneof(
  revision,
  fc.record({ kind: fc.constant(operationKind.delete), revision, existed: fc.boolean() }),
  fc.record({ kind: fc.constant(operationKind.increment), revision, value: fc.maxSafeInteger() }),
  fc.record({
    kind: fc.constant(operationKind.deleteRange),
    revision,
    deleted: fc.nat(1000),
    cursor,
  }),
  fc.record({
    kind: fc.constant(operationKind.get),
    version: fc.option(anyVersion, { nil: undefined }),
  }),
  fc.record({
    kind: fc.constant(operationKind.range),
    rows: fc.array(fc.record({ key, version: fc.oneof(version, lengthOnly) }), { maxLength: 4 }),
    cursor,
  }),
  fc.record({
    kind: fc.constant(operationKind.changes),
    rows: fc.array(fc.record({ key, version: fc.oneof(anyVersion, lengthOnly) }), {
      maxLength: 4,
    }),
    cursor: fc.option(fc.record({ key, below: revision }), { nil: undefined }),
  }),
  fc
    .tuple(fc.constantFrom(...refusalCodes), fc.integer({ min: -1, max: 200 }), revision)
    .map((args) => failure(...args)),
);

const transactionResult = fc.record({
  kind: fc.constant(operationKind.transaction),
  revision,
  results: fc.array(simpleResult, { maxLength: 4 }),
});

const results = fc.array(fc.oneof(simpleResult, transactionResult), { maxLength: 6 });

const head: Omit<ExecutedReply, "results"> = {
  kind: replyKind.executed,
  number: 300,
  group: "g1",
  slot: 2 ** 33,
  index: 17,
  lastRevision: 2 ** 52,
  asOf: 2 ** 52 - 1,
};

test("results of every kind come back as they were", () => {
  fc.assert(
    fc.property(results, (results) => {
      const decoded = decoder.decode(encoder.encode({ ...head, results }));
      expect(comparable(decoded)).toEqual(comparable({ ...head, results }));
    }),
  );
});

test("a reply is plain msgpack, and a put's answer is its revision", () => {
  const bytes = encoder.encode({ ...head, results: [2 ** 50, 2 ** 50 + 1] });
  expect(unpack(bytes)).toEqual([
    1,
    0,
    300,
    "g1",
    2 ** 33,
    17,
    2 ** 52,
    2 ** 52 - 1,
    [2 ** 50, 2 ** 50 + 1],
  ]);
});

test("refusals come back as they were, with and without a hint", () => {
  for (const hint of [undefined, "n2"]) {
    for (const outcome of ["not executed", "unknown"] as const) {
      const kind = replyKind.refused;
      const reply = {
        kind,
        number: 7,
        group: "g1",
        code: "NOT_LEADER",
        message: "größer",
        outcome,
        hint,
      } as const;
      expect(decoder.decode(encoder.encode(reply))).toEqual(reply);
    }
  }
});

test("every code the state machine refuses with is in the error table", () => {
  for (const code of refusalCodes) expect([code, isErrorCode(code)]).toEqual([code, true]);
  // Only these may be said of a frame that was, or may have been, executed under an earlier attempt.
  const unknown = refusalCodes.filter((code) => errorTable[code].outcome === "unknown");
  expect(unknown).toEqual(["STALE_FRAME", "SESSION_EXPIRED"]);
});

test("what the log made of a frame becomes its reply", () => {
  const executed = {
    refused: false,
    number: 5,
    hash: 1,
    slot: 9,
    index: 2,
    lastRevision: 77,
  } as const;
  expect(decoder.decode(encoder.encodeOutcome("g1", { ...executed, results: [77] }, 70))).toEqual({
    kind: replyKind.executed,
    number: 5,
    group: "g1",
    slot: 9,
    index: 2,
    lastRevision: 77,
    asOf: 70,
    results: [77],
  });
  for (const code of ["STALE_FRAME", "SESSION_WINDOW"] as const) {
    const refused = { refused: true, number: 5, code, message: "why" } as const;
    expect(decoder.decode(encoder.encodeOutcome("g1", refused, 70))).toEqual({
      kind: replyKind.refused,
      number: 5,
      group: "g1",
      code,
      message: "why",
      outcome: errorTable[code].outcome,
      hint: undefined,
    });
  }
});

test.each([
  ["another version", [2, 0, 1, "g", 1, 1, 1, 1, []]],
  ["an unknown kind", [1, 7, 1, "g"]],
  ["an unknown code", [1, 1, 1, "g", "NO_SUCH_CODE", "message", 0, null]],
  ["an unknown outcome", [1, 1, 1, "g", "TIMEOUT", "message", 2, null]],
  ["a result of an unknown kind", [1, 0, 1, "g", 1, 1, 1, 1, [[77, 1, 1]]]],
  ["a transaction in a transaction", [1, 0, 1, "g", 1, 1, 1, 1, [[5, 1, [[5, 1, []]]]]]],
  ["rows that do not come in fours", [1, 0, 1, "g", 1, 1, 1, 1, [[7, null, ["k", 1, 1]]]]],
  ["text for a revision", [1, 0, 1, "g", 1, 1, 1, 1, ["7"]]],
])("a reply with %s is malformed, not believed", (_, reply) => {
  expect(decoder.decode(pack(reply))).toMatchObject({ kind: "malformed" });
});

test("what is read result by result is said as if it had been there before", () => {
  fc.assert(
    fc.property(fc.array(simpleResult, { maxLength: 6 }), (results) => {
      const head = { slot: 3, index: 4, lastRevision: 5, asOf: 6 };
      const each = (told: (result: OperationResult) => void): void => results.forEach(told);
      const expected = encoder.encode({
        kind: replyKind.executed,
        number: 1,
        group: "g1",
        ...head,
        results,
      });
      const reading = { ...head, count: results.length, each };
      expect(encoder.encodeReading(1, "g1", reading)).toEqual(expected);
    }),
  );
});

test("a reading that fails in its middle leaves nothing in the next answer", () => {
  const head = { slot: 3, index: 4, lastRevision: 5, asOf: 6, count: 2 };
  const failing = (told: (result: OperationResult) => void): void => {
    told(7);
    throw new Error("the disk");
  };
  const own = new ReplyEncoder();
  expect(() => own.encodeReading(1, "g1", { ...head, each: failing })).toThrow("the disk");
  const refusal = {
    kind: replyKind.refused,
    number: 1,
    group: "g1",
    code: "UNAVAILABLE",
    message: "applied state cannot be read",
    outcome: "not executed",
    hint: undefined,
  } as const;
  expect(decoder.decode(own.encode(refusal))).toEqual(refusal);
});

import { randomBytes } from "node:crypto";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { expectNothing, operationKind } from "../../kv/commands/operation.ts";
import {
  bucketBytesMax,
  frameOperationsMax,
  keyBytesMax,
  transactionBytesMax,
  transactionChecksMax,
  transactionOperationsMax,
  ttlMsMax,
  valueBytesMax,
} from "../../kv/limits.ts";
import { newest } from "../../kv/revision.ts";
import { RequestDecoder } from "../../infra/codec/request-decoder.ts";
import { nameBytesMax } from "../../infra/codec/formats.ts";
import {
  encodedBytesMax,
  envelopeBytesMax,
  RequestEncoder,
} from "../../infra/codec/request-encoder.ts";
import { peekRequest } from "../../infra/codec/request-envelope.ts";
import { comparable, readEnvelope, writeEnvelope } from "./support/frames.ts";
import { pack, unpack } from "./support/msgpackr.ts";
import { readRequests, writeRequests } from "./support/operations.ts";

const encoder = new RequestEncoder();
const decoder = new RequestDecoder();

/** A frame written by another library: `operations` may be anything. */
function foreignFrame(operations: unknown, session: unknown = new Uint8Array(16)): Uint8Array {
  return pack([1, 1, "cluster", "g1", session, 4096, 7, 2, operations]);
}

function decodedForeign(operations: unknown): unknown {
  const { operations: decoded, problem } = decoder.logged(foreignFrame(operations));
  return problem === "" ? comparable(decoded) : problem;
}

const plainPut = { kind: operationKind.put, ttlMs: 0, expectation: expectNothing };

test("writing frames come back as they were sent", () => {
  fc.assert(
    fc.property(writeRequests, (operations) => {
      const bytes = encoder.writeFrame(writeEnvelope, operations);
      const { operations: decoded, problem, hash, ...envelope } = decoder.logged(bytes);
      expect(problem).toBe("");
      expect(hash).toBeGreaterThanOrEqual(0);
      expect(envelope).toEqual(writeEnvelope);
      expect(comparable(decoded)).toEqual(comparable(operations));
    }),
  );
});

test("reading frames come back as they were sent", () => {
  fc.assert(
    fc.property(readRequests, (operations) => {
      const bytes = encoder.readFrame(readEnvelope, operations);
      const frame = decoder.readFrame(bytes);
      expect(frame).toEqual({ envelope: readEnvelope, operations });
    }),
  );
});

test("a peek tells the envelope and looks at no operation", () => {
  const operations = [{ kind: operationKind.increment, key: "b\0k", delta: 1 }];
  const bytes = encoder.writeFrame(writeEnvelope, operations);
  expect(peekRequest(bytes)).toEqual(writeEnvelope);
  // The last byte belongs to an operation.
  bytes[bytes.length - 1] = 0xc1;
  expect(peekRequest(bytes)).toEqual(writeEnvelope);
  expect(decoder.logged(bytes).problem).not.toBe("");
  const get = { kind: operationKind.get, key: "b\0k", at: newest };
  expect(peekRequest(encoder.readFrame(readEnvelope, [get]))).toEqual(readEnvelope);
  expect(peekRequest(encoder.route())).toEqual({ kind: 2 });
  const interest = { kind: 4, clusterId: "some cluster", group: "g1" };
  expect(peekRequest(encoder.interest("some cluster", "g1"))).toEqual(interest);
});

test.each([
  ["another version", [2, 2]],
  ["an unknown kind", [1, 9]],
  ["a route request with more", [1, 2, 3]],
  ["interest without a group", [1, 4, "c"]],
  ["interest with operations", [1, 4, "c", "g", [[6, "b\0k"]]]],
  ["a map", { a: 1 }],
  ["a session id that is too short", [1, 1, "c", "g", new Uint8Array(15), 1, 1, 0, [[2, "b\0k"]]]],
  ["number 0", [1, 1, "c", "g", new Uint8Array(16), 1, 0, 0, [[2, "b\0k"]]]],
  ["a negative number", [1, 1, "c", "g", new Uint8Array(16), 1, -1, 0, [[2, "b\0k"]]]],
  [
    "a group's name that is too long",
    [1, 1, "c", "g".repeat(129), new Uint8Array(16), 1, 1, 0, []],
  ],
  ["operations that are no array", [1, 1, "c", "g", new Uint8Array(16), 1, 1, 0, "no"]],
  ["no operations", [1, 1, "c", "g", new Uint8Array(16), 1, 1, 0]],
  ["an unknown consistency", [1, 0, "c", "g", 3, 0, 0, 1, [[6, "b\0k"]]]],
])("a peek says what is wrong with %s", (_, request) => {
  const peeked = peekRequest(pack(request));
  expect(peeked).toEqual({ kind: "malformed", problem: expect.stringMatching(/./) as string });
});

test("frames of other languages are understood: uint64 revisions, keys as text, floats, nil for what is left out", () => {
  const text = "b\0größe";
  const key = Buffer.from(text, "utf8").toString("latin1");
  const value = Uint8Array.of(1, 2, 3);
  expect(
    decodedForeign([
      [1, text, value],
      [1, Buffer.from(text), "text", null, 9_007_199_254_740_991n],
      [1n, text, value, 60_000.0, 2 ** 40],
      [2, text, 4096n],
      [3, text, -5n],
      [4, null, null, 0n, null],
    ]),
  ).toEqual([
    { ...plainPut, key, bytes: [1, 2, 3] },
    { ...plainPut, key, bytes: [...Buffer.from("text")], expectation: Number.MAX_SAFE_INTEGER },
    { ...plainPut, key, bytes: [1, 2, 3], ttlMs: 60_000, expectation: 2 ** 40 },
    { kind: operationKind.delete, key, expectation: 4096 },
    { kind: operationKind.increment, key, delta: -5 },
    { kind: operationKind.deleteRange, start: "", end: undefined, limit: 0, cursor: undefined },
  ]);
});

test.each([
  ["an unknown kind", [[99, "b\0k"]]],
  ["a reading operation", [[6, "b\0k"]]],
  ["a transaction in a transaction", [[5, [], [[5, [], []]]]]],
  ["deleteRange in a transaction", [[5, [], [[4, null, null, 0]]]]],
  ["a get at a revision in a transaction", [[5, [], [[6, "b\0k", 5]]]]],
  ["a put without a value", [[1, "b\0k"]]],
  ["a put with too much", [[1, "b\0k", "v", 0, 0, 0]]],
  ["a number as key", [[1, 5, "v"]]],
  ["a number as value", [[1, "b\0k", 5]]],
  ["a negative ttl", [[1, "b\0k", "v", -1]]],
  ["a ttl above the maximum", [[1, "b\0k", "v", ttlMsMax + 1]]],
  ["a fraction as delta", [[3, "b\0k", 0.5]]],
  ["an unknown check", [[5, [[3, "b\0k"]], []]]],
  ["a negative limit", [[4, null, null, -1]]],
  ["a bound that is too long", [[4, "b".repeat(2000), null, 0]]],
  ["no operation at all", []],
  ["an operation that is no array", ["put"]],
  ["a date", [new Date(0)]],
])("a frame with %s is malformed as a whole", (_, operations) => {
  const frame = decoder.logged(foreignFrame([[2, "b\0fine"], ...(operations as unknown[])]));
  const alone = decoder.logged(foreignFrame(operations));
  expect(alone.problem).not.toBe("");
  expect([frame.number, frame.operations.length]).toEqual([7, operations.length === 0 ? 1 : 0]);
});

test("what only breaks a limit is refused alone", () => {
  const longest = `${"b".repeat(bucketBytesMax)}\0${"k".repeat(keyBytesMax)}`;
  const largest = new Uint8Array(valueBytesMax);
  const refused = (code: string, position = -1) => ({ kind: 0, code, position });
  expect(
    decodedForeign([
      [2, longest],
      [2, `${longest}k`],
      [2, `b${longest}`],
      [2, "b\0"],
      [2, ""],
      [2, "no separator"],
      [2, "bad.bucket\0k"],
      [2, "\0k"],
      [2, "b\0k"],
    ]),
  ).toEqual([
    { kind: 2, key: longest, expectation: -1 },
    refused("BAD_KEY"),
    refused("BAD_KEY"),
    refused("BAD_KEY"),
    refused("BAD_KEY"),
    refused("BAD_BUCKET"),
    refused("BAD_BUCKET"),
    refused("BAD_BUCKET"),
    { kind: 2, key: "b\0k", expectation: -1 },
  ]);
  const kinds = decoder
    .logged(
      foreignFrame([
        [1, "b\0k", largest],
        [1, "b\0k", new Uint8Array(valueBytesMax + 1)],
      ]),
    )
    .operations.map((operation) => (operation.kind === 0 ? operation.code : operation.kind));
  expect(kinds).toEqual([1, "VALUE_TOO_LARGE"]);
});

test("a transaction beyond its limits is refused alone, and its first bad key names its place", () => {
  const many = (count: number, operation: unknown) =>
    Array.from({ length: count }, () => operation);
  const half = new Uint8Array(transactionBytesMax / 2);
  const kinds = decoder
    .logged(
      foreignFrame([
        [5, [], many(transactionOperationsMax, [2, "b\0k"])],
        [5, [], many(transactionOperationsMax + 1, [2, "b\0k"])],
        [5, many(transactionChecksMax + 1, [1, "b\0k"]), []],
        [5, [], many(2, [1, "b\0k", half])],
        [
          5,
          [[1, "b\0k"]],
          [
            [2, "b\0k"],
            [2, "bad"],
            [2, ""],
          ],
        ],
        [
          5,
          [
            [1, "b\0k"],
            [1, ""],
          ],
          [],
        ],
        [2, "b\0k"],
      ]),
    )
    .operations.map((one) => (one.kind === 0 ? `${one.code} ${one.position}` : one.kind));
  expect(kinds).toEqual([
    5,
    "TRANSACTION_TOO_LARGE -1",
    "TRANSACTION_TOO_LARGE -1",
    "TRANSACTION_TOO_LARGE -1",
    "BAD_BUCKET 2",
    "BAD_KEY 1",
    2,
  ]);
});

test("a problem of one frame says nothing about the next", () => {
  expect(decodedForeign([[1, "", 5]])).toMatch(/expected/);
  expect(decodedForeign([[2, "b\0k"]])).toEqual([{ kind: 2, key: "b\0k", expectation: -1 }]);
});

test("a frame with bytes behind its end executes nothing", () => {
  const frame = Buffer.concat([foreignFrame([[2, "b\0k"]]), Buffer.of(0)]);
  const { operations, problem } = decoder.logged(frame);
  expect([operations, problem]).toEqual([[], "1 bytes too many"]);
});

test("a frame holds a bounded number of operations", () => {
  const operations = (count: number) => Array.from({ length: count }, () => [2, "b\0k"]);
  expect(decoder.logged(foreignFrame(operations(frameOperationsMax))).problem).toBe("");
  const { problem } = decoder.logged(foreignFrame(operations(frameOperationsMax + 1)));
  expect(problem).toMatch(/10001 operations/);
});

test("the hash covers the operations and nothing else", () => {
  const operations = [{ kind: operationKind.increment, key: "b\0k", delta: 1 }];
  const hash = (envelope: Partial<typeof writeEnvelope>, delta = 1) =>
    decoder.logged(
      encoder.writeFrame(
        { ...writeEnvelope, ...envelope },
        operations.map((one) => ({ ...one, delta })),
      ),
    ).hash;
  expect(hash({ floor: 9 })).toBe(hash({}));
  expect(hash({ number: 9 })).toBe(hash({}));
  expect(hash({}, 2)).not.toBe(hash({}));
});

test("a frame is never longer than its client reckons", () => {
  fc.assert(
    fc.property(fc.oneof(writeRequests, readRequests), (operations) => {
      const bytes = operations.reduce((sum, one) => sum + encodedBytesMax(one), envelopeBytesMax);
      const isRead = (one: (typeof operations)[number]) => one.kind === 6 || one.kind === 7;
      const reads = operations.filter((one) => isRead(one)) as Parameters<
        typeof encoder.readFrame
      >[1];
      const writes = operations.filter((one) => !isRead(one)) as Parameters<
        typeof encoder.writeFrame
      >[1];
      const names = { clusterId: "c".repeat(nameBytesMax), group: "g".repeat(nameBytesMax) };
      const numbers = { number: Number.MAX_SAFE_INTEGER, floor: Number.MAX_SAFE_INTEGER };
      const frame =
        reads.length > 0
          ? encoder.readFrame({ ...readEnvelope, ...names, number: numbers.number }, reads)
          : encoder.writeFrame({ ...writeEnvelope, ...names, ...numbers }, writes);
      expect(frame.length).toBeLessThanOrEqual(bytes);
    }),
  );
});

test("values are windows onto the frame's bytes", () => {
  const source = randomBytes(64);
  const put = { ...plainPut, key: "b\0k", source, start: 8, end: 40 } as const;
  const bytes = encoder.writeFrame(writeEnvelope, [put]);
  const [decoded] = decoder.logged(bytes).operations;
  if (decoded?.kind !== operationKind.put) throw new Error("not a put");
  expect(decoded.source).toBe(bytes);
  expect(Buffer.from(bytes.subarray(decoded.start, decoded.end))).toEqual(source.subarray(8, 40));
});

test("our own frames are plain msgpack", () => {
  const put = { ...plainPut, key: "b\0k", source: Uint8Array.of(7), start: 0, end: 1 } as const;
  const request = unpack(encoder.writeFrame(writeEnvelope, [put])) as unknown[];
  expect(request.slice(0, 4)).toEqual([1, 1, writeEnvelope.clusterId, "g1"]);
  expect(request.slice(5, 8)).toEqual([writeEnvelope.born, 257, 3]);
  expect(comparable(request[8])).toEqual([[1, Buffer.from("b\0k"), Buffer.of(7)]]);
});

/** Arbitrary operations, as a client may send them. */
import * as fc from "fast-check";
import { checkKind, expectNothing, operationKind } from "../../../kv/commands/operation.ts";
import { ttlMsMax } from "../../../kv/limits.ts";
import { newest } from "../../../kv/revision.ts";
import type { ReadRequest, WriteRequest } from "../../../infra/codec/request-encoder.ts";

const byteString = (minLength: number, maxLength: number) =>
  fc.uint8Array({ minLength, maxLength }).map((bytes) => String.fromCharCode(...bytes));

const key = fc
  .tuple(fc.constantFrom("default", "b", "some-bucket_9"), byteString(1, 40))
  .map(([bucket, key]) => `${bucket}\0${key}`);

const revision = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER - 1 });
const expectation = fc.oneof(fc.constant(expectNothing), revision);
const end = fc.option(byteString(0, 30), { nil: undefined });
const cursor = fc.option(key, { nil: undefined });
const limit = fc.nat(2000);
const at = fc.oneof(fc.constant(newest), revision);

const put = fc
  .record({
    key,
    source: fc.uint8Array({ maxLength: 300 }),
    ttlMs: fc.integer({ min: 0, max: ttlMsMax }),
    expectation,
  })
  .map((put) => ({ kind: operationKind.put, ...put, start: 0, end: put.source.length }));

const remove = fc.record({ kind: fc.constant(operationKind.delete), key, expectation });
const purge = remove.map((asked) => ({ ...asked, purge: true }));
const increment = fc.record({
  kind: fc.constant(operationKind.increment),
  key,
  delta: fc.maxSafeInteger(),
});
const get = fc.record({ kind: fc.constant(operationKind.get), key, at });
const getTombstoneToo = get.map((asked) => ({ ...asked, tombstoneToo: true }));
const getNewest = fc.record({ kind: fc.constant(operationKind.get), key, at: fc.constant(newest) });

const deleteRange = fc.record({
  kind: fc.constant(operationKind.deleteRange),
  start: byteString(0, 30),
  end,
  limit,
  cursor,
});

const check = fc.oneof(
  fc.record({ kind: fc.constant(checkKind.revision), key, revision }),
  fc.record({ kind: fc.constant(checkKind.exists), key }),
  fc.record({
    kind: fc.constant(checkKind.unchanged),
    start: byteString(0, 9),
    end,
    since: revision,
  }),
);

const transaction = fc.record({
  kind: fc.constant(operationKind.transaction),
  checks: fc.array(check, { maxLength: 5 }),
  operations: fc.array(fc.oneof(put, remove, purge, increment, getNewest), { maxLength: 5 }),
});

const range = fc.record({
  kind: fc.constant(operationKind.range),
  start: byteString(0, 30),
  end,
  limit,
  reverse: fc.boolean(),
  keysOnly: fc.boolean(),
  at,
  cursor,
});

const changes = fc.record({
  kind: fc.constant(operationKind.changes),
  start: byteString(0, 30),
  end,
  since: revision,
  until: at,
  limit,
  incompleteToo: fc.boolean(),
  keysOnly: fc.boolean(),
  newestOnly: fc.boolean(),
  cursor: fc.option(fc.record({ key, below: revision }), { nil: undefined }),
});

export const writeRequests: fc.Arbitrary<WriteRequest[]> = fc.array(
  fc.oneof(put, remove, purge, increment, deleteRange, transaction),
  { minLength: 1, maxLength: 8 },
);

export const readRequests: fc.Arbitrary<ReadRequest[]> = fc.array(
  fc.oneof(get, getTombstoneToo, range, changes),
  {
    minLength: 1,
    maxLength: 8,
  },
);

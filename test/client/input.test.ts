/** Whatever is wrong with what a caller passes in is told as a typed error, and nothing is sent. */
import { assert, option, property, string, uint8Array } from "fast-check";
import { describe, expect, test } from "vitest";
import { SynodError } from "../../infra/errors/synod-error.ts";
import { internalKeyOf, splitInternalKey } from "../../infra/codec/key-text.ts";
import type { Bucket } from "../../client/bucket.ts";
import { boundsIn } from "../../client/range-scan.ts";
import type { SynodClient } from "../../client/synod-client.ts";
import { FakeCluster } from "./support/fake-cluster.ts";

/** As JavaScript would call it. */
// oxlint-disable-next-line typescript/no-explicit-any -- what TypeScript would refuse is the point
type Untyped = any;

type Try = (bucket: Untyped, client: Untyped) => Promise<unknown>;

const large = new Uint8Array(512 * 1024 + 1);
const put = (key: unknown, value: unknown, options?: unknown): Try => {
  return (bucket) => bucket.put(key, value, options) as Promise<unknown>;
};

const mistakes: readonly (readonly [what: string, code: string, attempt: Try])[] = [
  ["an empty key", "BAD_KEY", put("", "v")],
  ["a key of 1,025 bytes", "BAD_KEY", put("k".repeat(1025), "v")],
  ["a key of 1,025 bytes in fewer letters", "BAD_KEY", put("é".repeat(513), "v")],
  ["half of a surrogate pair", "BAD_KEY", put("a\ud800", "v")],
  ["a number as key", "BAD_KEY", put(5, "v")],
  ["no key", "BAD_KEY", put(undefined, "v")],
  ["a large value", "VALUE_TOO_LARGE", put("a", large)],
  ["a large text", "VALUE_TOO_LARGE", put("a", "x".repeat(large.length))],
  ["a number as value", "BAD_REQUEST", put("a", 5)],
  ["null as value", "BAD_REQUEST", put("a", null)],
  ["an object as value", "BAD_REQUEST", put("a", { a: 1 })],
  ["a negative ttlMs", "BAD_REQUEST", put("a", "v", { ttlMs: -1 })],
  ["a broken ttlMs", "BAD_REQUEST", put("a", "v", { ttlMs: 1.5 })],
  ["a ttlMs of eleven years", "BAD_REQUEST", put("a", "v", { ttlMs: 347_000_000_000 })],
  ["a text as previousRevision", "BAD_REQUEST", put("a", "v", { previousRevision: "5" })],
  ["a timeoutMs of 0", "BAD_REQUEST", put("a", "v", { timeoutMs: 0 })],
  ["an endless timeoutMs", "BAD_REQUEST", put("a", "v", { timeoutMs: Infinity })],
  ["a text as timeoutMs", "BAD_REQUEST", put("a", "v", { timeoutMs: "5" })],
  ["a signal that is none", "BAD_REQUEST", put("a", "v", { signal: {} })],
  ["null as options", "BAD_REQUEST", put("a", "v", null)],
  ["update without revision", "BAD_REQUEST", (bucket) => bucket.update("a", "v")],
  ["update at revision 0", "BAD_REQUEST", (bucket) => bucket.update("a", "v", 0)],
  ["create of an empty key", "BAD_KEY", (bucket) => bucket.create("", "v")],
  ["get of an empty key", "BAD_KEY", (bucket) => bucket.get("")],
  ["get with null as options", "BAD_REQUEST", (bucket) => bucket.get("a", null)],
  ["delete with a text as options", "BAD_REQUEST", (bucket) => bucket.delete("a", "b")],
  ["increment with null as options", "BAD_REQUEST", (bucket) => bucket.increment("a", 1, null)],
  ["getMany with null as options", "BAD_REQUEST", (bucket) => bucket.getMany(["a"], null)],
  ["putMany with null as options", "BAD_REQUEST", (bucket) => bucket.putMany([["a", "1"]], null)],
  ["deleteRange with null as options", "BAD_REQUEST", (bucket) => bucket.deleteRange({}, null)],
  ["null as a range's query", "BAD_REQUEST", (bucket) => bucket.range(null).page()],
  [
    "transaction with null as options",
    "BAD_REQUEST",
    (_, client) => client.transaction(() => 1, null),
  ],
  [
    "commit with null as options",
    "BAD_REQUEST",
    (_, client) => client.commit({ operations: [{ op: "get", key: "a" }] }, null),
  ],
  ["status with null as options", "BAD_REQUEST", (_, client) => client.status(null)],
  ["nodeStatuses with null as options", "BAD_REQUEST", (_, client) => client.nodeStatuses(null)],
  ["an unknown consistency", "BAD_REQUEST", (bucket) => bucket.get("a", { consistency: "new" })],
  ["a ttl by another name", "BAD_REQUEST", (bucket) => bucket.put("a", "1", { ttl: 5 })],
  ["a misspelt limit", "BAD_REQUEST", (bucket) => bucket.range({ limt: 5 }).page()],
  ["an expectation of a get", "BAD_REQUEST", (bucket) => bucket.get("a", { previousSeq: 5 })],
  [
    "a create that expects a revision",
    "BAD_REQUEST",
    (bucket) => bucket.create("a", "1", { previousRevision: 5 }),
  ],
  ["an unknown option of a delete", "BAD_REQUEST", (bucket) => bucket.delete("a", { force: true })],
  ["maxAgeMs without stale", "BAD_REQUEST", (bucket) => bucket.get("a", { maxAgeMs: 5 })],
  ["delete of an empty key", "BAD_KEY", (bucket) => bucket.delete("")],
  ["increment by a fraction", "BAD_REQUEST", (bucket) => bucket.increment("a", 0.5)],
  ["increment by 2^53", "BAD_REQUEST", (bucket) => bucket.increment("a", 2 ** 53)],
  ["getMany of a text", "BAD_REQUEST", (bucket) => bucket.getMany("abc")],
  ["getMany of a key's bytes", "BAD_REQUEST", (bucket) => bucket.getMany(new Uint8Array(3))],
  ["getMany with an empty key", "BAD_KEY", (bucket) => bucket.getMany(["a", ""])],
  ["putMany of an object", "BAD_REQUEST", (bucket) => bucket.putMany({ a: "1" })],
  ["putMany without values", "BAD_REQUEST", (bucket) => bucket.putMany(["ab"])],
  [
    "putMany of a key twice",
    "BAD_REQUEST",
    (bucket) =>
      bucket.putMany([
        ["a", "1"],
        ["a", "2"],
      ]),
  ],
  ["a limit of 0", "BAD_REQUEST", (bucket) => bucket.range({ limit: 0 }).toArray()],
  ["a long bound", "BAD_KEY", (bucket) => bucket.range({ start: "k".repeat(1026) }).page()],
  ["null as range", "BAD_REQUEST", (bucket) => bucket.deleteRange(null)],
  ["no range at all", "BAD_REQUEST", (bucket) => bucket.deleteRange()],
  ["a made-up cursor", "BAD_REQUEST", (bucket) => bucket.range({ cursor: "%" }).page()],
  ["a text as reverse", "BAD_REQUEST", (bucket) => bucket.range({ reverse: "yes" }).page()],
  ["a transaction that is no function", "BAD_REQUEST", (_, client) => client.transaction({})],
  ["an empty commit", "BAD_REQUEST", (_, client) => client.commit({})],
  ["null as commit", "BAD_REQUEST", (_, client) => client.commit(null)],
  ["an unknown op", "BAD_REQUEST", commit({ op: "append", key: "a" })],
  ["an op without key", "BAD_KEY", commit({ op: "get" })],
  ["null as op", "BAD_REQUEST", commit(null)],
  ["a bad bucket in an op", "BAD_BUCKET", commit({ op: "get", bucket: "a b", key: "a" })],
  [
    "a key that is written twice",
    "BAD_REQUEST",
    commit({ op: "delete", key: "a" }, { op: "delete", key: "a" }),
  ],
  [
    "129 operations",
    "TRANSACTION_TOO_LARGE",
    commit(...Array.from({ length: 129 }, (_, at) => ({ op: "get", key: `k${at}` }))),
  ],
  [
    "more than 900 KiB",
    "TRANSACTION_TOO_LARGE",
    commit(...["a", "b"].map((key) => ({ op: "put", key, value: new Uint8Array(500_000) }))),
  ],
  ["a check of nothing", "BAD_REQUEST", (_, client) => client.commit({ checks: [{ key: "a" }] })],
  ["null as check", "BAD_REQUEST", (_, client) => client.commit({ checks: [null] })],
  ["status with a timeoutMs of 0", "BAD_REQUEST", (_, client) => client.status({ timeoutMs: 0 })],
  ["nodeStatuses in no time", "BAD_REQUEST", (_, client) => client.nodeStatuses({ windowMs: 0 })],
];

function commit(...operations: readonly unknown[]): Try {
  return (_, client) => client.commit({ operations }) as Promise<unknown>;
}

describe("a mistake", () => {
  test.each(mistakes)("%s is %s, as a rejection", async (_, code, attempt) => {
    const cluster = new FakeCluster();
    await cluster.runFor(10);
    const { client } = cluster;
    const failed = await cluster.failure(attempt(client.bucket(), client));
    expect(failed).toBeInstanceOf(SynodError);
    expect(failed).toMatchObject({ code, outcome: "not executed" });
    await cluster.runFor(10);
    expect(cluster.attempts).toEqual([]);
    expect(client.core.pendingCalls).toBe(0);
  });

  test.each(["", "a b", "a.b", "ä", "b".repeat(129), 5, null])("bucket %j is thrown", (name) => {
    const { client } = new FakeCluster();
    expect(() => client.bucket(name as string)).toThrow(SynodError);
  });
});

describe("what is allowed", () => {
  test("keys and values at their limits are sent", async () => {
    const cluster = new FakeCluster();
    cluster.react = (attempt) => attempt.execute();
    const bucket: Bucket = cluster.client.bucket();
    await cluster.outcome(bucket.put("k".repeat(1024), large.subarray(1)));
    await cluster.outcome(bucket.put(new Uint8Array([0]), ""));
    expect(cluster.attempts).toHaveLength(2);
  });

  test("any text comes back as it was", () => {
    const keys = string({ unit: "binary", minLength: 1, maxLength: 100 });
    assert(
      property(keys, (key) => {
        expect(splitInternalKey(internalKeyOf("default", key)).key).toBe(key);
      }),
    );
  });

  test("bounds never leave their bucket", () => {
    const bound = option(uint8Array({ maxLength: 20 }), { nil: undefined });
    assert(
      property(bound, bound, bound, (start, end, prefix) => {
        const range = boundsIn("bucket\0", {
          ...(start === undefined ? {} : { start }),
          ...(end === undefined ? {} : { end }),
          ...(prefix === undefined ? {} : { prefix }),
        });
        expect(range.start >= "bucket\0").toBe(true);
        expect(range.end !== undefined && range.end <= "bucket\x01").toBe(true);
      }),
    );
  });
});

/** The types of a client as users see them. */
test("a client has one way to each operation", () => {
  const { client }: { client: SynodClient } = new FakeCluster();
  expect(client.bucket("users").name).toBe("users");
  expect(client.bucket().name).toBe("default");
});

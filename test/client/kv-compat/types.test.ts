/** A bucket is a `KV` of `@nats-io/kv`: the compiler says so, here and wherever a program passes one for the other. */
import { Base64KeyCodec, NoopKvCodecs } from "@nats-io/kv";
import type {
  KV,
  KvCodecs,
  KvEntry,
  KvStatus,
  KvWatchEntry,
  KvWatchOptions,
  RoKV,
} from "@nats-io/kv";
import { KvWatchInclude as TheirInclude } from "@nats-io/kv";
import { expect, expectTypeOf, test } from "vitest";
import type { Bucket } from "../../../client/bucket.ts";
import type { BucketStatus } from "../../../client/bucket-status.ts";
import {
  KvWatchInclude,
  type WatchEntry,
  type WatchOptions,
} from "../../../client/bucket-watch.ts";
import type { Codecs } from "../../../client/codecs.ts";
import type { Entry } from "../../../client/entry.ts";
import { FakeCluster } from "../support/fake-cluster.ts";

/** What a program written for `@nats-io/kv` is given. */
function asKV(bucket: Bucket): KV {
  return bucket;
}

test("a bucket is a KV, its entries are KvEntry, and the rest fits as well", () => {
  expectTypeOf<Bucket>().toExtend<KV>();
  expectTypeOf<Bucket>().toExtend<RoKV>();
  expectTypeOf<Entry>().toExtend<KvEntry>();
  expectTypeOf<WatchEntry>().toExtend<KvWatchEntry>();
  expectTypeOf<BucketStatus>().toExtend<KvStatus>();
  expectTypeOf<KvWatchOptions>().toExtend<WatchOptions>();
  expectTypeOf<KvCodecs>().toExtend<Codecs>();
  const kv = asKV(new FakeCluster().client.bucket("b", { codec: NoopKvCodecs() }));
  for (const name of ["get", "history", "watch", "status", "keys"] as const) {
    expect(typeof kv[name]).toBe("function");
  }
  for (const name of ["create", "update", "put", "delete", "purge", "destroy"] as const) {
    expect(typeof kv[name]).toBe("function");
  }
});

test("the constants are the same", () => {
  expect(KvWatchInclude).toEqual(TheirInclude);
});

test("their codecs are taken", () => {
  const { client } = new FakeCluster();
  const codec = { key: Base64KeyCodec(), value: NoopKvCodecs().value };
  expect(client.bucket("b", { codec }).name).toBe("b");
});

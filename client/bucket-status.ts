/** What a bucket says of itself, in the words of `KvStatus`. */
import { SynodError } from "../infra/errors/synod-error.ts";
import { valueBytesMax } from "../kv/limits.ts";
import type { InternalKey } from "../kv/state-reader.ts";
import type { Caller } from "./caller.ts";
import type { KeyListing } from "./key-listing.ts";

/** What is known without counting. */
export interface ToldBucket {
  readonly bucket: string;
  readonly prefix: InternalKey;
  readonly ttl: number;
}

/** Counts, a page of keys at a time. */
export async function statusOf(
  caller: Caller,
  { bucket, prefix, ttl }: ToldBucket,
  listing: KeyListing,
): Promise<BucketStatus> {
  let values = 0;
  let size = 0;
  for (;;) {
    const page = await listing.next();
    if (page === undefined) break;
    values += page.length;
    for (const { keyBytes, length } of page) size += keyBytes.length + length;
  }
  const { core } = caller;
  const group = core.routes?.groupOf(prefix) ?? "";
  return new BucketStatus({ bucket, values, size, replicas: core.nodesOf(group).length, ttl });
}

interface BucketFacts {
  readonly bucket: string;
  readonly values: number;
  readonly size: number;
  readonly replicas: number;
  readonly ttl: number;
}

/**
 * A bucket as `status` found it, with the names of `KvStatus` in `@nats-io/kv`. A bucket of Synod has no settings of its
 * own: what is a setting there is told here as it is for every bucket.
 */
export class BucketStatus {
  /** The bucket's name. */
  readonly bucket: string;
  /** How many keys there are now. Keys that were deleted do not count. */
  readonly values: number;
  /** Bytes of the keys and values there are now. Older versions are not counted, nor is what storing costs. */
  readonly size: number;
  /** How many nodes hold the store group of the bucket's first key. */
  readonly replicas: number;
  /** Milliseconds after which keys expire that this object writes; 0 = they stay. */
  readonly ttl: number;
  /** -1: the number of versions is not limited, only their age is (10 minutes unless the nodes say otherwise). */
  readonly history: number = -1;
  /** -1: a bucket's size is not limited. */
  readonly max_bytes: number = -1;
  /** Bytes of the largest value: 512 KiB. */
  readonly maxValueSize: number = valueBytesMax;
  /** Milliseconds for which what was deleted leaves a marker: as long as nodes keep history unless told otherwise. */
  readonly markerTTL: number = 600_000;
  /** Always on disk, flushed before a write is acknowledged. */
  readonly storage = "file" as const;
  /** Buckets have no description: empty. */
  readonly description: string = "";
  /** Where a bucket lies is what the regions of the topology say: empty here. */
  readonly placement: { cluster: string; tags: string[] } = { cluster: "", tags: [] };
  /** Changes are published on `<prefix>.kv.<bucket>.watch.<key>` while somebody wants them: empty here. */
  readonly republish: { src: string; dest: string } = { src: "", dest: "" };
  /** Never compressed. */
  readonly compression: boolean = false;
  /** Buckets have no metadata: empty. */
  readonly metadata: Record<string, string> = {};

  /** @internal */
  constructor({ bucket, values, size, replicas, ttl }: BucketFacts) {
    this.bucket = bucket;
    this.values = values;
    this.size = size;
    this.replicas = replicas;
    this.ttl = ttl;
  }

  /** Throws `BAD_REQUEST`: no JetStream stream is behind a bucket. */
  get streamInfo(): never {
    throw new SynodError("BAD_REQUEST", "a bucket has no streamInfo: no stream is behind it", {
      nextStep: "Ask the client's status() for the cluster's groups and regions.",
    });
  }
}

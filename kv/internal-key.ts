/** What makes a byte string the internal key of user data: a bucket's name, a zero byte, and the key. */
import { bucketBytesMax, keyBytesMax } from "./limits.ts";
import type { InternalKey } from "./state-reader.ts";

/** Between the bucket and the key; no bucket's name contains it. */
export const bucketSeparator = "\0";

const bucketForm = /^[-\w]+$/;

export function isBucketName(name: string): boolean {
  return name.length <= bucketBytesMax && bucketForm.test(name);
}

/** The bucket's part of an internal key with its separator; undefined when there is no such part. */
export function bucketPrefixOf(key: InternalKey): string | undefined {
  const separator = key.indexOf(bucketSeparator);
  if (separator < 0 || !isBucketName(key.slice(0, separator))) return undefined;
  return key.slice(0, separator + 1);
}

/** Whether what follows the bucket's prefix is a key of allowed length. */
export function hasKeyOfAllowedLength(key: InternalKey, prefixLength: number): boolean {
  const length = key.length - prefixLength;
  return length > 0 && length <= keyBytesMax;
}

/** The first key behind `key` in byte order. */
export function keyAfter(key: InternalKey): InternalKey {
  return key + "\0";
}

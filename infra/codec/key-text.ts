/** Internal keys from what users write, and back. Text is UTF-8; any bytes may be a key. */
import { bucketSeparator, isBucketName } from "../../kv/internal-key.ts";
import { keyBytesMax } from "../../kv/limits.ts";
import type { InternalKey } from "../../kv/state-reader.ts";
import { SynodError } from "../errors/synod-error.ts";

/** A longer text is looked through faster by the engine's own search. */
const ownSearchMax = 48;
const notAscii = /[^\0-\x7f]/;

/** Throws `BAD_BUCKET` or `BAD_KEY`. */
export function internalKeyOf(bucket: string, key: string | Uint8Array): InternalKey {
  const suffix = byteStringOf(key);
  if (suffix.length === 0 || suffix.length > keyBytesMax) {
    throw new SynodError("BAD_KEY", `a key of ${suffix.length} bytes in bucket ${bucket}`);
  }
  return bucketPrefix(bucket) + suffix;
}

/** What all internal keys of the bucket begin with. Throws `BAD_BUCKET`. */
export function bucketPrefix(bucket: string): InternalKey {
  if (!isBucketName(bucket)) {
    throw new SynodError("BAD_BUCKET", `${JSON.stringify(bucket)} is no name of a bucket`);
  }
  return bucket + bucketSeparator;
}

/** The first key behind all keys that begin with `prefix`; undefined = there is none. */
export function prefixEnd(prefix: InternalKey): InternalKey | undefined {
  for (let at = prefix.length - 1; at >= 0; at--) {
    const code = prefix.charCodeAt(at);
    if (code < 0xff) return prefix.slice(0, at) + String.fromCharCode(code + 1);
  }
  return undefined;
}

/** One character per byte of the text's UTF-8, or of the bytes. */
export function byteStringOf(text: string | Uint8Array): string {
  if (typeof text === "string") {
    if (isAscii(text)) return text;
    return Buffer.from(text, "utf8").toString("latin1");
  }
  return Buffer.from(text.buffer, text.byteOffset, text.byteLength).toString("latin1");
}

/** The bytes of a byte string. */
export function bytesOf(text: string): Uint8Array {
  return Buffer.from(text, "latin1");
}

/** Bucket and key of an internal key, the key as UTF-8 text. */
export function splitInternalKey(internalKey: InternalKey): { bucket: string; key: string } {
  const bucket = bucketOf(internalKey);
  const bytes = internalKey.slice(bucket.length + 1);
  const key = isAscii(bytes) ? bytes : Buffer.from(bytes, "latin1").toString("utf8");
  return { bucket, key };
}

/** Most keys are of the same bucket as the one before: they share its name. */
let recentBucket = "";

function bucketOf(internalKey: InternalKey): string {
  const isRecent =
    internalKey[recentBucket.length] === bucketSeparator && internalKey.startsWith(recentBucket);
  if (!isRecent) recentBucket = internalKey.slice(0, internalKey.indexOf(bucketSeparator));
  return recentBucket;
}

/** Whether each character takes one byte in UTF-8. */
function isAscii(text: string): boolean {
  if (text.length > ownSearchMax) return !notAscii.test(text);
  for (let at = 0; at < text.length; at++) if (text.charCodeAt(at) > 0x7f) return false;
  return true;
}

/** The subjects on which any NATS client speaks to the store, `<prefix>.kv.<bucket>.<verb>.<key>`, and what they name. */
import { bucketSeparator, isBucketName } from "../../../kv/internal-key.ts";
import { keyBytesMax } from "../../../kv/limits.ts";
import type { InternalKey } from "../../../kv/state-reader.ts";
import { SynodError } from "../../errors/synod-error.ts";

/** Verbs whose subject ends with the key. */
export const keyedVerbs = ["put", "get", "delete", "incr"] as const;
/** Verbs whose body names the keys. */
export const documentVerbs = ["range", "txn"] as const;

export type KeyedVerb = (typeof keyedVerbs)[number];
export type DocumentVerb = (typeof documentVerbs)[number];
export type RawVerb = KeyedVerb | DocumentVerb;

/** What a node subscribes to for a verb. */
export function rawPattern(prefix: string, verb: RawVerb): string {
  const isKeyed = keyedVerbs.some((keyed) => keyed === verb);
  return `${prefix}.kv.*.${verb}${isKeyed ? ".>" : ""}`;
}

/** Takes the subjects of one prefix apart. They match the verb's pattern, so that every part is there. */
export class RawSubjects {
  readonly #bucketStart: number;

  constructor(prefix: string) {
    this.#bucketStart = prefix.length + ".kv.".length;
  }

  bucketOf(subject: string): string {
    return subject.slice(this.#bucketStart, subject.indexOf(".", this.#bucketStart));
  }

  /** Bucket, separator and key as they stand in the subject, good or bad: it has a place in the order of keys either way. */
  internalKeyOf(subject: string, verb: KeyedVerb): InternalKey {
    const bucketEnd = subject.indexOf(".", this.#bucketStart);
    const key = subject.slice(bucketEnd + verb.length + 2);
    return subject.slice(this.#bucketStart, bucketEnd) + bucketSeparator + key;
  }
}

/** As for buckets of JetStream. */
const keyForm = /^[-/=.\w]+$/;

/** Throws `BAD_BUCKET` or `BAD_KEY` for what cannot be told apart on subjects; other keys go through frames. */
export function requireSubjectKey(key: InternalKey): void {
  const separator = key.indexOf(bucketSeparator);
  requireBucket(key.slice(0, separator));
  const name = key.slice(separator + 1);
  if (name.length > keyBytesMax) {
    throw new SynodError("BAD_KEY", `a key of ${name.length} bytes; ${keyBytesMax} are allowed`);
  }
  if (keyForm.test(name) && !name.startsWith(".") && !name.endsWith(".") && !name.includes("..")) {
    return;
  }
  const claim = `${JSON.stringify(name.slice(0, 80))} is no key for a subject`;
  throw new SynodError("BAD_KEY", claim, {
    nextStep: "Use letters, digits and - / _ = in tokens separated by single dots.",
  });
}

/** Throws `BAD_BUCKET`. */
export function requireBucket(name: string): void {
  if (isBucketName(name)) return;
  throw new SynodError("BAD_BUCKET", `${JSON.stringify(name.slice(0, 80))} is no name of a bucket`);
}

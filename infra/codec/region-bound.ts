/**
 * Region bounds as people write them, `bucket/key`, and as the store compares them, `bucket 0x00 key`. Bytes of
 * a key that are no printable text are written `\xNN`, and a backslash is written twice.
 */
import { invariant } from "../../machines/invariant.ts";
import type { InternalKey } from "../../kv/state-reader.ts";

const separator = "\0";
const keyBytesMax = 1024;

export class RegionBoundFault extends Error {
  override readonly name = "RegionBoundFault";
  readonly fix: string;

  constructor(message: string, fix: string) {
    super(message);
    this.fix = fix;
  }
}

/** Throws `RegionBoundFault` for what is neither empty nor `bucket/key`. */
export function parseRegionBound(text: string): InternalKey {
  if (text === "") return "";
  const slash = text.indexOf("/");
  if (slash < 0) {
    throw new RegionBoundFault(
      "a region bound is a bucket, a slash and a key, and the slash is missing",
      'write it as "bucket/key", or "bucket/" for the start of a bucket',
    );
  }
  const bucket = text.slice(0, slash);
  if (!/^[-\w]+$/.test(bucket)) {
    throw new RegionBoundFault(
      `the bucket ${JSON.stringify(bucket)} of a region bound is no bucket name`,
      "use letters, digits, `_` and `-` in front of the first slash",
    );
  }
  return `${bucket}${separator}${parseKey(text.slice(slash + 1))}`;
}

/** A doubled backslash, an escaped byte, a backslash that is neither, or text up to the next backslash. */
const keyPieces = /\\\\|\\x([0-9a-fA-F]{2})|(\\)|[^\\]+/g;

function parseKey(text: string): string {
  let bytes = "";
  for (const { 0: piece, 1: digits, 2: stray, index } of text.matchAll(keyPieces)) {
    if (stray !== undefined) {
      const shown = JSON.stringify(text.slice(index, index + 4));
      throw new RegionBoundFault(
        `the key of a region bound has a backslash that starts no \\xNN: ${shown}`,
        "write a backslash as \\\\, and a byte as \\x and two hexadecimal digits",
      );
    }
    if (digits !== undefined) bytes += String.fromCharCode(Number.parseInt(digits, 16));
    else bytes += piece.startsWith("\\") ? "\\" : bytesOf(piece);
  }
  if (bytes.length > keyBytesMax) {
    throw new RegionBoundFault(
      `the key of a region bound has ${bytes.length} bytes, at most ${keyBytesMax} are allowed`,
      "use a shorter bound; regions may be split anywhere",
    );
  }
  return bytes;
}

/** The inverse of `parseRegionBound`. */
export function regionBoundText(bound: InternalKey): string {
  if (bound === "") return "";
  const end = bound.indexOf(separator);
  invariant(end > 0, "an internal key is a bucket, a zero byte and a key", { bound });
  return `${bound.slice(0, end)}/${keyText(bound.slice(end + 1))}`;
}

function keyText(key: string): string {
  const bytes = Buffer.from(key, "latin1");
  const text = bytes.toString("utf8");
  const isText = Buffer.from(text, "utf8").equals(bytes);
  return (isText ? text : key).replaceAll("\\", "\\\\").replaceAll(
    // What a terminal or a YAML file would not show as it is, and in a key that is no text all but ASCII.
    isText ? /\p{C}|\p{Zl}|\p{Zp}/gu : /[^ -~]/g,
    (character) =>
      [...Buffer.from(character, isText ? "utf8" : "latin1")]
        .map((byte) => `\\x${byte.toString(16).padStart(2, "0")}`)
        .join(""),
  );
}

function bytesOf(text: string): string {
  return Buffer.from(text, "utf8").toString("latin1");
}

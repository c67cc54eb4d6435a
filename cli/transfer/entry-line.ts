/** One key as a line of a file: a JSON object, as `export` and `range --json` write it and `import` reads it. */
import { SynodError } from "../../infra/errors/synod-error.ts";
import { bucketPrefix } from "../../infra/codec/key-text.ts";
import { keyIn, putOf } from "../../client/input.ts";
import { ttlMsOf } from "../../client/options.ts";
import { expectNothing } from "../../kv/commands/operation.ts";
import { keyBytesMax, valueBytesMax } from "../../kv/limits.ts";

/** JSON may write one byte in six characters; the rest is names, numbers and a bucket. */
export const lineBytesMax = 6 * (valueBytesMax + keyBytesMax) + 4096;

export interface ImportedEntry {
  readonly bucket: string;
  readonly key: Uint8Array;
  readonly value: Uint8Array;
  /** Milliseconds since 1970. Undefined = it stays. */
  readonly expiresAtMs: number | undefined;
}

type Fields = Readonly<Record<string, unknown>>;

/** What may stand in a line. `revision` and `created` are the exporting cluster's, and of no use to another one. */
const fieldTypes: Readonly<Record<string, "string" | "number">> = {
  bucket: "string",
  key: "string",
  keyBase64: "string",
  value: "string",
  valueBase64: "string",
  revision: "number",
  created: "string",
  expires: "string",
  ttlMs: "number",
};

/**
 * `bucket` is where keys of lines go that name none; `nowMs` is when a `ttlMs` begins. Throws an error that says what is
 * wrong with the line.
 */
export function parseEntryLine(line: Uint8Array, bucket: string, nowMs: number): ImportedEntry {
  const fields = parseObject(line);
  const entry = {
    bucket: (fields["bucket"] as string | undefined) ?? bucket,
    key: bytesIn(fields, "key"),
    value: bytesIn(fields, "value"),
    expiresAtMs: expiryIn(fields, nowMs),
  };
  requireStorable(entry);
  return entry;
}

function parseObject(line: Uint8Array): Fields {
  const fields = parseJson(line);
  if (typeof fields !== "object" || fields === null || Array.isArray(fields)) {
    throw wrong("it is no JSON object");
  }
  for (const [name, value] of Object.entries(fields)) {
    const type = fieldTypes[name];
    if (type === undefined || !Object.hasOwn(fieldTypes, name)) {
      throw wrong(`there is no field ${JSON.stringify(name)}`);
    }
    if (typeof value !== type) throw wrong(`${name} is no ${type}`);
  }
  return fields as Fields;
}

function parseJson(line: Uint8Array): unknown {
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(line);
  } catch {
    throw wrong("it is no UTF-8");
  }
  try {
    return JSON.parse(text);
  } catch (failure) {
    throw wrong(`it is no JSON: ${failure instanceof Error ? failure.message : ""}`);
  }
}

function bytesIn(fields: Fields, name: "key" | "value"): Uint8Array {
  const text = fields[name] as string | undefined;
  const base64 = fields[`${name}Base64`] as string | undefined;
  if ((text === undefined) === (base64 === undefined)) {
    throw wrong(`it needs one of ${name} and ${name}Base64`);
  }
  if (base64 === undefined) {
    if (/\p{Cs}/u.test(text ?? "")) throw wrong(`${name} has half of a surrogate pair`);
    return Buffer.from(text ?? "", "utf8");
  }
  const bytes = Buffer.from(base64, "base64");
  if (bytes.toString("base64") !== base64) throw wrong(`${name}Base64 is no base64`);
  return bytes;
}

function expiryIn(fields: Fields, nowMs: number): number | undefined {
  const expires = fields["expires"] as string | undefined;
  const ttlMs = fields["ttlMs"] as number | undefined;
  if (expires !== undefined && ttlMs !== undefined) throw wrong("it has both expires and ttlMs");
  if (ttlMs !== undefined) return nowMs + ttlMsOf(ttlMs);
  if (expires === undefined) return undefined;
  const expiresAtMs = Date.parse(expires);
  if (Number.isNaN(expiresAtMs)) throw wrong(`expires ${JSON.stringify(expires)} is no time`);
  if (expiresAtMs > nowMs) ttlMsOf(expiresAtMs - nowMs);
  return expiresAtMs;
}

/** As the client would refuse it, but before anything else of its batch is sent. */
function requireStorable({ bucket, key, value }: ImportedEntry): void {
  putOf(keyIn(bucketPrefix(bucket), key), value, 0, expectNothing);
}

function wrong(what: string): SynodError {
  return new SynodError("BAD_REQUEST", what);
}

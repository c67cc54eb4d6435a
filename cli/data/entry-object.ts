/** An entry as JSON shows it. Text stands as text, and bytes that are none as base64. */
import type { Entry } from "../../client/entry.ts";
import { textOf } from "./visible-text.ts";

export function entryObject(entry: Entry, withValue = true): object {
  const { bucket, keyBytes, value, revision, created, expires } = entry;
  return {
    bucket,
    ...named("key", keyBytes),
    ...(withValue ? named("value", value) : {}),
    revision,
    created: created.toISOString(),
    ...(expires === undefined ? {} : { expires: expires.toISOString() }),
  };
}

function named(name: string, bytes: Uint8Array): object {
  const text = textOf(bytes);
  if (text !== undefined) return { [name]: text };
  return { [`${name}Base64`]: Buffer.from(bytes).toString("base64") };
}

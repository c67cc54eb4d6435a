/** How a bucket's object turns what users say into what is stored, and back. Nodes and other clients know nothing of it. */
import type { Value } from "./input.ts";

/**
 * Turns the parts of a key (what stands between its dots) into what is stored, and back. The same part has to give the
 * same text every time, without a dot in it; `*` and `>` in patterns are left as they are. Those of `@nats-io/kv` fit.
 */
export interface KeyCodec {
  /** From what users say to what is stored. */
  encode(part: string): string;
  /** From what is stored to what users see. */
  decode(part: string): string;
}

/** Turns values into what is stored, and back: to compress or to encrypt them. Those of `@nats-io/kv` fit. */
export interface ValueCodec {
  /** From what users write to what is stored. */
  encode(value: Value): Uint8Array;
  /** From what is stored to what users read. */
  decode(bytes: Uint8Array): Uint8Array;
}

/** Either may be left out. */
export interface Codecs {
  /** For keys given as text. A key given as bytes is taken as it is. */
  readonly key?: KeyCodec;
  /** For values that are put, updated or created, not for what `increment` counts. */
  readonly value?: ValueCodec;
}

/** Part by part; wildcards stay. */
export function encodedKey({ key: codec }: Codecs, key: string): string {
  return codec === undefined ? key : byPart(key, (part) => codec.encode(part));
}

export function decodedKey({ key: codec }: Codecs, key: string): string {
  return codec === undefined ? key : byPart(key, (part) => codec.decode(part));
}

function byPart(key: string, change: (part: string) => string): string {
  const parts = key.split(".");
  return parts.map((part) => (part === "*" || part === ">" ? part : change(part))).join(".");
}

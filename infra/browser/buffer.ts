/**
 * Node's `Buffer` for browsers: the `buffer` package, and what it lacks of what the codecs use. The bundler puts it
 * where `Buffer` is named, so that the sources stay as they are and Node runs them with its own.
 */
import { Buffer } from "buffer/";

type ToString = (this: object, encoding?: string, start?: number, end?: number) => string;
type From = (source: unknown, second?: unknown, third?: unknown) => Uint8Array;

const prototype = Buffer.prototype as object as { toString: ToString };
const maker = Buffer as unknown as { from: From };
const { toString } = prototype;
const { from } = maker;

Object.assign(prototype, {
  toString(this: Uint8Array, encoding?: string, start?: number, end?: number): string {
    if (encoding !== "base64url") return toString.call(this, encoding, start, end);
    const text = toString.call(this, "base64", start, end);
    return text.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
  },

  latin1Slice(this: Uint8Array, start?: number, end?: number): string {
    return toString.call(this, "latin1", start, end);
  },

  latin1Write(this: Uint8Array, text: string, at: number, length: number): number {
    for (let index = 0; index < length; index++) this[at + index] = text.charCodeAt(index);
    return length;
  },
});

maker.from = (source, second, third) => {
  if (second !== "base64url" || typeof source !== "string") return from(source, second, third);
  return from(source.replaceAll("-", "+").replaceAll("_", "/"), "base64");
};

export { Buffer };

import * as fc from "fast-check";
import { expect, test } from "vitest";
import { keyBytesMax } from "../../kv/limits.ts";
import {
  bucketPrefix,
  byteStringOf,
  bytesOf,
  internalKeyOf,
  prefixEnd,
  splitInternalKey,
} from "../../infra/codec/key-text.ts";

test("any text is a key and comes back", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme", minLength: 1, maxLength: 100 }), (key) => {
      const internal = internalKeyOf("default", key);
      expect(splitInternalKey(internal)).toEqual({ bucket: "default", key });
      expect(Buffer.from(bytesOf(internal)).toString("utf8")).toBe(`default\0${key}`);
    }),
  );
});

test("byte strings sort as their bytes do", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), fc.string({ unit: "binary" }), (left, right) => {
      const [one, other] = [byteStringOf(left), byteStringOf(right)];
      const order = Buffer.compare(Buffer.from(left, "utf8"), Buffer.from(right, "utf8"));
      expect(Math.sign(order)).toBe(one < other ? -1 : Number(one > other));
    }),
  );
});

test("bytes are keys too", () => {
  expect(internalKeyOf("b", Uint8Array.of(0, 0x80, 0xff))).toBe("b\0\0\x80\xff");
});

test.each(["", "a.b", "a b", "ä", "a/b", "x".repeat(129)])("%j is no bucket", (bucket) => {
  expect(() => bucketPrefix(bucket)).toThrow(
    expect.objectContaining({ code: "BAD_BUCKET" }) as Error,
  );
});

test("a key has 1 to 1024 bytes, not characters", () => {
  const badKey = expect.objectContaining({ code: "BAD_KEY" }) as Error;
  expect(() => internalKeyOf("b", "")).toThrow(badKey);
  expect(internalKeyOf("b", "k".repeat(keyBytesMax)).length).toBe(2 + keyBytesMax);
  expect(() => internalKeyOf("b", "k".repeat(keyBytesMax + 1))).toThrow(badKey);
  expect(() => internalKeyOf("b", "ä".repeat(keyBytesMax / 2 + 1))).toThrow(badKey);
});

test("a prefix's end lies behind every key that begins with it, and before the next that does not", () => {
  expect(prefixEnd("b\0user:")).toBe("b\0user;");
  expect(prefixEnd("a\xff\xff")).toBe("b");
  expect(prefixEnd("\xff")).toBeUndefined();
  expect(prefixEnd("")).toBeUndefined();
});

import * as fc from "fast-check";
import { expect, test } from "vitest";
import {
  parseRegionBound,
  regionBoundText,
  RegionBoundFault,
} from "../../infra/codec/region-bound.ts";

test("a bound is a bucket and a key, the key in bytes", () => {
  expect(parseRegionBound("")).toBe("");
  expect(parseRegionBound("default/m")).toBe("default\0m");
  expect(parseRegionBound("default/")).toBe("default\0");
  expect(parseRegionBound("my-bucket_1/a/b")).toBe("my-bucket_1\0a/b");
  expect(parseRegionBound("default/ä€")).toBe("default\0\xc3\xa4\xe2\x82\xac");
  expect(parseRegionBound("default/\\x00\\xFf\\\\x")).toBe("default\0\x00\xff\\x");
  expect(parseRegionBound("default/\\\\\\\\")).toBe("default\0\\\\");
});

test.each(["default", "/a", "de fault/a", "ümlaut/a", "a\n/b", "a/\\", "a/\\x1", "a/\\n"])(
  "%j is no bound",
  (text) => {
    expect(() => parseRegionBound(text)).toThrow(RegionBoundFault);
  },
);

test("the limit of a key counts bytes, after escapes are read", () => {
  expect(parseRegionBound(`a/${"\\xff".repeat(1024)}`)).toHaveLength(1026);
  expect(() => parseRegionBound(`a/${"ä".repeat(513)}`)).toThrow("1026 bytes");
});

test("bounds are shown as people write them, and what cannot be shown is escaped", () => {
  expect(regionBoundText("")).toBe("");
  expect(regionBoundText("default\0m")).toBe("default/m");
  expect(regionBoundText("default\0\xc3\xa4")).toBe("default/ä");
  expect(regionBoundText("default\0\xc3")).toBe("default/\\xc3");
  expect(regionBoundText("default\0a\0\n\x1b\\")).toBe("default/a\\x00\\x0a\\x1b\\\\");
  expect(regionBoundText("default\0\xe2\x80\xa8")).toBe("default/\\xe2\\x80\\xa8");
});

test("every bound can be written and read back, whatever bytes its key has", () => {
  const bucket = fc.stringMatching(/^[-\w]{1,12}$/);
  const bytes = fc.uint8Array({ maxLength: 40 }).map((array) => Buffer.from(array));
  const text = fc.string({ unit: "grapheme", maxLength: 20 }).map((key) => Buffer.from(key));
  fc.assert(
    fc.property(bucket, fc.oneof(bytes, text), (name, key) => {
      const bound = `${name}\0${key.toString("latin1")}`;
      const shown = regionBoundText(bound);
      expect(parseRegionBound(shown)).toBe(bound);
      expect(shown).not.toMatch(/\p{C}/u);
    }),
  );
});

/** Patterns of keys mean what NATS means by them, and spans of time what its servers mean. */
import { array, assert, constantFrom, property } from "fast-check";
import { describe, expect, test } from "vitest";
import { durationMs } from "../../client/duration.ts";
import { isPattern, KeyFilter, KeyPattern } from "../../client/key-pattern.ts";
import { internalKeyOf } from "../../infra/codec/key-text.ts";

describe("a pattern", () => {
  test.each([
    ["a", "a", true],
    ["a", "b", false],
    ["a.*", "a.b", true],
    ["a.*", "a", false],
    ["a.*", "a.b.c", false],
    ["*.b", "a.b", true],
    ["a.>", "a.b", true],
    ["a.>", "a.b.c", true],
    ["a.>", "a", false],
    [">", "anything.at all", true],
    ["*.*.c", "a.b.c", true],
    ["*.*.c", "a.c", false],
    ["a*", "ab", false],
    ["a*", "a*", true],
  ])("%s matches %s: %s", (pattern, key, matches) => {
    expect(new KeyPattern(pattern).matches(key)).toBe(matches);
  });

  test.each(["", ">.a", "a.>.b"])("%j is none", (text) => {
    expect(() => new KeyPattern(text)).toThrow(expect.objectContaining({ code: "BAD_KEY" }));
  });

  test.each([
    ["a*", false],
    ["a.b", false],
    ["*", true],
    ["a.*.c", true],
    ["a.>", true],
    [">", true],
    ["->", false],
  ])("%s is a pattern: %s", (text, is) => expect(isPattern(text)).toBe(is));

  const part = constantFrom("a", "b", "ab", "é", "");
  const wildcards = constantFrom("a", "b", "*", ">", "é");

  test("whatever a filter matches lies in its ranges, which are in order and apart", () => {
    const patterns = array(array(wildcards, { minLength: 1, maxLength: 3 }), {
      minLength: 1,
      maxLength: 4,
    });
    const keys = array(array(part, { minLength: 1, maxLength: 4 }), { maxLength: 20 });
    assert(
      property(patterns, keys, (parts, samples) => {
        const texts = parts.map((some) => some.join("."));
        if (texts.some((text) => text.slice(0, -1).includes(">"))) return;
        const filter = new KeyFilter(texts);
        const ranges = filter.rangesIn("bucket\0");
        for (const [at, { start, end }] of ranges.entries()) {
          expect(end === undefined || start < end).toBe(true);
          const next = ranges[at + 1];
          if (next !== undefined) expect(end !== undefined && end < next.start).toBe(true);
        }
        for (const sample of samples) {
          const key = sample.join(".");
          if (key === "" || !filter.matches(key)) continue;
          const internal = internalKeyOf("bucket", key);
          const holds = ranges.some(
            ({ start, end }) => internal >= start && (end === undefined || internal < end),
          );
          expect(holds, `${key} by ${texts.join(" ")}`).toBe(true);
        }
      }),
    );
  });

  test("a key alone is one key's range", () => {
    expect(new KeyFilter("a.b").rangesIn("x\0")).toEqual([{ start: "x\0a.b", end: "x\0a.b\0" }]);
    expect(new KeyFilter(["a.>", "a.b"]).rangesIn("x\0")).toEqual([
      { start: "x\0a.", end: "x\0a/" },
    ]);
  });
});

describe("a span of time", () => {
  test.each([
    ["10s", 10_000],
    ["1m", 60_000],
    ["1h30m", 5_400_000],
    ["1.5s", 1_500],
    ["250ms", 250],
    ["7", 7_000],
    ["1ns", 1],
  ])("%s is %i ms", (text, ms) => expect(durationMs("ttl", text)).toBe(ms));

  test.each(["", "s", "10 s", "-1s", "10d", "1e3s"])("%j is none", (text) => {
    expect(() => durationMs("ttl", text)).toThrow(expect.objectContaining({ code: "BAD_REQUEST" }));
  });
});

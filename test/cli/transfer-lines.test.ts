/** Lines of export files: taken apart, read, and refused with a reason. */
import { describe, expect, test } from "vitest";
import * as fc from "fast-check";
import { parseEntryLine } from "../../cli/transfer/entry-line.ts";
import { readLines, type Line } from "../../cli/transfer/line-reader.ts";
import { SynodError } from "../../infra/errors/synod-error.ts";

async function* pieces(whole: Buffer, size: number): AsyncGenerator<Buffer, void, undefined> {
  for (let at = 0; at < whole.length; at += size) yield whole.subarray(at, at + size);
}

async function linesOf(whole: Buffer, size: number, bytesMax = 100): Promise<Line[]> {
  const lines: Line[] = [];
  const beginning = { offset: 0, number: 1 };
  for await (const line of readLines(pieces(whole, size), bytesMax, beginning)) lines.push(line);
  return lines;
}

test("lines are those of the whole, wherever the input was cut", async () => {
  const bytes = fc.uint8Array({ maxLength: 60 }).map((array) => Buffer.from(array));
  await fc.assert(
    fc.asyncProperty(fc.array(bytes), fc.integer({ min: 1, max: 20 }), async (parts, size) => {
      const whole = Buffer.concat(parts.flatMap((part) => [part, Buffer.from("\n")]));
      const lines = await linesOf(whole, size);
      const expected = whole.toString("latin1").split("\n").slice(0, -1);
      expect(lines.map(({ bytes }) => bytes?.toString("latin1"))).toEqual(expected);
      expect(lines.map(({ number }) => number)).toEqual(lines.map((_, at) => at + 1));
      for (const { start, end, bytes } of lines) {
        expect(whole.subarray(start, end - 1)).toEqual(bytes);
        expect(whole[end - 1]).toBe(0x0a);
      }
    }),
  );
});

test("a line that is too long is left out, and those behind it are not", async () => {
  const lines = await linesOf(Buffer.from(`a\n${"x".repeat(50)}\nb`), 7, 10);
  expect(lines.map(({ bytes }) => bytes?.toString())).toEqual(["a", undefined, "b"]);
  expect(lines.at(-1)).toMatchObject({ number: 3, start: 53, end: 54 });
});

const nowMs = Date.parse("2026-05-01T00:00:00Z");
const parse = (line: string | Uint8Array) => parseEntryLine(Buffer.from(line), "default", nowMs);

describe("a line", () => {
  test("is a key with its value, as text or base64, and its expiry", () => {
    expect(parse('{"key":"ä","valueBase64":"/w=="}')).toEqual({
      bucket: "default",
      key: Buffer.from("ä"),
      value: Buffer.from([0xff]),
      expiresAtMs: undefined,
    });
    expect(parse('{"bucket":"b","key":"a","value":"","ttlMs":500}\r')).toMatchObject({
      bucket: "b",
      expiresAtMs: nowMs + 500,
    });
    const expires = "2026-05-01T00:01:00.000Z";
    const line = JSON.stringify({ key: "a", value: "", revision: 7, created: expires, expires });
    expect(parse(line).expiresAtMs).toBe(nowMs + 60_000);
  });

  test.each([
    ["{", "it is no JSON"],
    ["[]", "it is no JSON object"],
    ["null", "it is no JSON object"],
    ['{"value":"x"}', "it needs one of key and keyBase64"],
    ['{"key":"a"}', "it needs one of value and valueBase64"],
    ['{"key":"a","value":"x","valueBase64":""}', "it needs one of value and valueBase64"],
    ['{"key":1,"value":"x"}', "key is no string"],
    ['{"key":"a","value":"x","valeu":"y"}', 'there is no field "valeu"'],
    ['{"key":"a","value":"x","__proto__":"y"}', 'there is no field "__proto__"'],
    ['{"key":"a","valueBase64":"?"}', "valueBase64 is no base64"],
    ['{"key":"","value":"x"}', "a key of 0 bytes"],
    ['{"key":"\\ud800","value":"x"}', "key has half of a surrogate pair"],
    ['{"bucket":"a.b","key":"a","value":"x"}', '"a.b" is no name of a bucket'],
    ['{"key":"a","value":"x","expires":"soon"}', 'expires "soon" is no time'],
    ['{"key":"a","value":"x","ttlMs":0}', "ttlMs 0 is no whole number from 1 up"],
    ['{"key":"a","value":"x","expires":"2099-01-01"}', "longer than ten years"],
    [`{"key":"a","value":"${"x".repeat(600_000)}"}`, "a value of 600000 bytes"],
  ])("%.60s is refused with a reason", (line, reason) => {
    expect(() => parse(line)).toThrow(reason);
  });

  test("of any bytes is read or refused, and nothing else", () => {
    const text = fc.oneof(fc.json(), fc.string(), fc.constant('{"key":"a","value":"x"}'));
    const bytes = fc.oneof(
      fc.uint8Array(),
      text.map((written) => new TextEncoder().encode(written)),
    );
    fc.assert(
      fc.property(bytes, (line) => {
        try {
          parse(line);
        } catch (failure) {
          expect(failure).toBeInstanceOf(SynodError);
        }
      }),
    );
  });
});

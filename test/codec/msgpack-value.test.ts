/** Whole msgpack values: what another library writes is read, and what libraries add to the format is not. */
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { MalformedBytes } from "../../infra/codec/malformed.ts";
import { readMsgpack } from "../../infra/codec/msgpack-value.ts";
import { pack } from "./support/msgpackr.ts";

const json = fc.jsonValue({ maxDepth: 5, noUnicodeString: false });

test("whatever JSON can say is read as it was written", () => {
  fc.assert(
    fc.property(json, (value) => {
      // JSON itself knows no -0, and no undefined.
      const plain = JSON.parse(JSON.stringify(value)) as unknown;
      expect(readMsgpack(pack(plain))).toEqual(plain);
    }),
  );
});

test("bytes, integers of every width and fields that are not there are read", () => {
  const value = [Buffer.from([1, 2]), -1, -33, -129, -40_000, 2 ** 31, -(2 ** 40), 2n ** 40n];
  expect(readMsgpack(pack(value))).toEqual([...value.slice(0, 7), 2 ** 40]);
  expect(readMsgpack(pack({ here: 1, gone: undefined }))).toEqual({ here: 1, gone: undefined });
});

test("a field of that name changes no prototype", () => {
  const name = Buffer.from("__proto__");
  const bytes = Buffer.concat([
    Buffer.of(0x81, 0xa0 + name.length),
    name,
    Buffer.of(0x81, 0xa1, 0x61, 1),
  ]);
  const read = readMsgpack(bytes) as object;
  expect(Object.getPrototypeOf(read)).toBe(Object.prototype);
  expect(Object.entries(read)).toEqual([["__proto__", { a: 1 }]]);
});

test.each<[string, number[]]>([
  ["a list that holds itself", [0xd6, 0x69, 0, 0, 0, 1, 0x91, 0xd6, 0x70, 0, 0, 0, 1]],
  ["an error", [0xc7, 0, 0x65, 0x92, 0xa1, 0x61, 0xa1, 0x62]],
  ["a regular expression", [0xc7, 0, 0x78, 0x92, 0xa1, 0x61, 0xa1, 0x67]],
  ["a record", [0xd4, 0x72, 0x40, 0x91, 0xa1, 0x61, 5]],
  ["a time", [0xd6, 0xff, 0, 0, 0, 1]],
  ["what msgpack leaves open", [0xc1]],
  ["a map with a list as name", [0x81, 0x91, 1, 1]],
  ["levels without end", Array<number>(100_000).fill(0x91)],
  ["lists that together claim more than there is", [0x92, 0x92, 0x92, 0x92, 0, 0, 0, 0]],
  ["a rest", [1, 2]],
  ["nothing", []],
])("%s is refused", (_, bytes) => {
  expect(() => readMsgpack(Uint8Array.from(bytes))).toThrow(MalformedBytes);
});

import * as fc from "fast-check";
import { expect, test } from "vitest";
import { MsgpackReader } from "../../infra/codec/msgpack-reader.ts";
import { MsgpackWriter } from "../../infra/codec/msgpack-writer.ts";
import { pack, unpack } from "./support/msgpackr.ts";

function readerOn(bytes: Uint8Array): MsgpackReader {
  const reader = new MsgpackReader();
  reader.reset(bytes);
  return reader;
}

function written(write: (writer: MsgpackWriter) => void): Uint8Array {
  const writer = new MsgpackWriter();
  write(writer);
  return writer.finish();
}

const edges = [0, 0x7f, 0x80, 0xff, 0x100, 0xffff, 0x1_0000, 0xffff_ffff, 0x1_0000_0000];
const negativeEdges = [-1, -32, -33, -128, -129, -32768, -32769, -0x8000_0000, -0x8000_0001];
const integers = [...edges, ...negativeEdges, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER];

test.each(integers)("the integer %d is written in a form others read, and read back", (integer) => {
  const bytes = written((writer) => writer.integer(integer));
  expect(unpack(bytes)).toBe(integer);
  const reader = readerOn(bytes);
  expect(reader.integer()).toBe(integer);
  reader.finish();
});

test("every safe integer survives", () => {
  fc.assert(
    fc.property(fc.maxSafeInteger(), (integer) => {
      expect(readerOn(written((writer) => writer.integer(integer))).integer()).toBe(integer);
    }),
  );
});

test.each([
  ["uint64 of a small number", [0xcf, 0, 0, 0, 0, 0, 0, 0, 7], 7],
  ["int64 of a small number", [0xd3, 0, 0, 0, 0, 0, 0, 0, 7], 7],
  ["int64 of a negative number", [0xd3, 255, 255, 255, 255, 255, 255, 255, 254], -2],
  ["uint32 of a small number", [0xce, 0, 0, 0, 7], 7],
  ["int8 of a small number", [0xd0, 7], 7],
  ["int16", [0xd1, 0xff, 0xfe], -2],
  ["int32", [0xd2, 0xff, 0xff, 0xff, 0xfe], -2],
  [
    "uint64 of the largest safe integer",
    [0xcf, 0, 0x1f, 255, 255, 255, 255, 255, 255],
    2 ** 53 - 1,
  ],
  ["float64 that is an integer", [0xcb, 0x41, 0xf0, 0, 0, 0, 0, 0, 0], 2 ** 32],
  ["float32 that is an integer", [0xca, 0x40, 0xe0, 0, 0], 7],
])("%s is understood", (_, bytes, integer) => {
  expect(readerOn(Uint8Array.from(bytes)).integer()).toBe(integer);
});

test.each([
  ["uint64 beyond 53 bits", [0xcf, 0, 0x20, 0, 0, 0, 0, 0, 0], /53 bits/],
  ["int64 beyond 53 bits", [0xd3, 0xff, 0xd0, 0, 0, 0, 0, 0, 0], /53 bits/],
  ["a fraction", [0xcb, 0x3f, 0xe0, 0, 0, 0, 0, 0, 0], /safe integer/],
  ["NaN", [0xcb, 0x7f, 0xf8, 0, 0, 0, 0, 0, 0], /safe integer/],
  ["a string", [0xa1, 0x31], /expected an integer/],
  ["nil", [0xc0], /expected an integer/],
  ["an extension type", [0xd4, 1, 1], /expected an integer/],
  ["nothing", [], /end too early/],
  ["half a uint32", [0xce, 0, 0], /cut short/],
])("%s is no integer", (_, bytes, problem) => {
  expect(() => readerOn(Uint8Array.from(bytes)).integer()).toThrow(problem);
});

test("bytes are read from every width of bin and str, as a window that copies nothing", () => {
  const heads = [
    [0xc4, 3],
    [0xc5, 0, 3],
    [0xc6, 0, 0, 0, 3],
    [0xa3],
    [0xd9, 3],
    [0xda, 0, 3],
    [0xdb, 0, 0, 0, 3],
  ];
  for (const head of heads) {
    const reader = readerOn(Uint8Array.from([...head, 0, 0x80, 0xff]));
    expect(reader.window()).toBe(3);
    expect([reader.windowStart, reader.windowEnd]).toEqual([head.length, head.length + 3]);
    expect(reader.windowBytes()).toBe("\0\x80\xff");
    reader.finish();
  }
});

test.each([15, 16, 31, 32, 255, 256, 65_535, 65_536])(
  "arrays, bytes and text of length %d are written in a form others read",
  (length) => {
    const bytes = new Uint8Array(length).fill(0xe4);
    const message = written((writer) => {
      writer.array(3);
      writer.bytes(bytes);
      writer.text("x".repeat(length));
      writer.array(length);
      for (let at = 0; at < length; at++) writer.nil();
    });
    const [first, second, third] = unpack(message) as [Uint8Array, string, null[]];
    expect([first.length, second.length, third.length]).toEqual([length, length, length]);
    expect(first.every((byte) => byte === 0xe4)).toBe(true);
    const reader = readerOn(message);
    expect([reader.arrayLength(), reader.window(), reader.window(), reader.arrayLength()]).toEqual([
      3,
      length,
      length,
      length,
    ]);
  },
);

test("a length the input does not have is refused before anything is made of it", () => {
  const huge = [0xff, 0xff, 0xff, 0xff];
  expect(() => readerOn(Uint8Array.from([0xdd, ...huge])).arrayLength()).toThrow(/cut short/);
  expect(() => readerOn(Uint8Array.from([0xc6, ...huge])).window()).toThrow(/cut short/);
  expect(() => readerOn(Uint8Array.from([0xdb, ...huge])).text(100)).toThrow(/cut short/);
});

test("maps and extension types are refused wherever something else is expected", () => {
  for (const bytes of [pack({ a: 1 }), pack(new Date(0)), Uint8Array.of(0xc7, 1, 1, 1)]) {
    expect(() => readerOn(bytes).arrayLength()).toThrow(/expected an array/);
    expect(() => readerOn(bytes).window()).toThrow(/expected text or bytes/);
    expect(() => readerOn(bytes).boolean()).toThrow(/expected a boolean/);
  }
});

test("names are read as UTF-8 and come back the same when they repeat", () => {
  const names = ["g1", "größe", "g2", "g1", "日本", "a", "b", "g1", "größe"];
  const reader = readerOn(pack(names));
  expect(reader.arrayLength()).toBe(names.length);
  expect(names.map(() => reader.text(64))).toEqual(names);
  expect(() => readerOn(pack("x".repeat(65))).text(64)).toThrow(/where 64 are allowed/);
});

test("what is left behind the last value is refused", () => {
  const reader = readerOn(Uint8Array.of(1, 2));
  reader.integer();
  expect(() => reader.finish()).toThrow(/1 bytes too many/);
});

test("a reader stays within the range it was given", () => {
  const reader = new MsgpackReader();
  reader.reset(Uint8Array.of(9, 0xa3, 0x61, 0x62, 0x63, 9), 1, 4);
  expect(() => reader.window()).toThrow(/cut short/);
  reader.reset(Uint8Array.of(9, 7, 9), 1, 2);
  expect(reader.integer()).toBe(7);
  expect(() => reader.integer()).toThrow(/end too early/);
});

test("finished messages stay as they are, whatever is written later and however large it is", () => {
  const writer = new MsgpackWriter();
  const lengths = [10, 100_000, 300_000, 5, 1_000_000, 20];
  const messages = lengths.map((length, at) => {
    writer.array(2);
    writer.integer(at);
    writer.bytes(new Uint8Array(length).fill(at));
    return writer.finish();
  });
  for (const [at, message] of messages.entries()) {
    const [number, bytes] = unpack(message) as [number, Uint8Array];
    expect([number, bytes.length, bytes.every((byte) => byte === at)]).toEqual([
      at,
      lengths[at],
      true,
    ]);
  }
});

test("only the window of a source is written", () => {
  const source = Uint8Array.from({ length: 100 }, (_, at) => at);
  const message = written((writer) => writer.bytes(source, 10, 14));
  expect([...message]).toEqual([0xc4, 4, 10, 11, 12, 13]);
});

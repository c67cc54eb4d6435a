import * as fc from "fast-check";
import { expect, test } from "vitest";
import { entryKind } from "../../kv/entry.ts";
import {
  bytesInEntry,
  encodeFramesEntry,
  encodeNoOpEntry,
  encodeTickEntry,
  encodeWatermarkEntry,
  EntryDecoder,
} from "../../infra/codec/entry-codec.ts";
import { RequestEncoder } from "../../infra/codec/request-encoder.ts";
import { writeEnvelope } from "./support/frames.ts";
import { pack, unpack } from "./support/msgpackr.ts";

const decoder = new EntryDecoder();
const encoder = new RequestEncoder();
const stamp = 2 ** 52 + 12_345;

function frame(number: number): Uint8Array {
  const operations = [{ kind: 3, key: "b\0k", delta: number } as const];
  return encoder.writeFrame({ ...writeEnvelope, number }, operations);
}

test("entries come back as they were made, and are plain msgpack", () => {
  const entries = [
    { bytes: encodeNoOpEntry(), entry: { kind: entryKind.noOp }, plain: [1, 0] },
    { bytes: encodeTickEntry(stamp), entry: { kind: entryKind.tick, stamp }, plain: [1, 1, stamp] },
    {
      bytes: encodeWatermarkEntry(stamp, stamp - 1),
      entry: { kind: entryKind.watermark, stamp, watermark: stamp - 1 },
      plain: [1, 3, stamp, stamp - 1],
    },
  ];
  for (const { bytes, entry, plain } of entries) {
    expect(decoder.decode(bytes)).toEqual(entry);
    expect(unpack(bytes)).toEqual(plain);
  }
});

test("a frames entry holds the raw frames in order", () => {
  const frames = [1, 2, 3].map(frame);
  const bytes = encodeFramesEntry(stamp, frames);
  expect(unpack(bytes)).toEqual([1, 2, stamp, frames.map((one) => Buffer.from(one))]);
  const entry = decoder.decode(bytes);
  if (entry.kind !== entryKind.frames) throw new Error("not frames");
  expect(entry.frames.map(({ number }) => number)).toEqual([1, 2, 3]);
  expect(entry.frames.every(({ problem }) => problem === "")).toBe(true);
  const more = encodeFramesEntry(stamp, [...frames, frame(4)]);
  expect(more.length - bytes.length).toBe(bytesInEntry(frame(4)));
});

test("an entry made by another encoder is understood", () => {
  expect(decoder.decode(pack([1, 1, 4096n]))).toEqual({ kind: entryKind.tick, stamp: 4096 });
});

test("a frame that is broken breaks neither the entry nor the frames beside it", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), (garbage) => {
      const entry = decoder.decode(encodeFramesEntry(stamp, [frame(1), garbage, frame(2)]));
      if (entry.kind !== entryKind.frames) throw new Error("not frames");
      const [before, broken, after] = entry.frames;
      expect([before?.number, before?.problem, after?.number, after?.problem]).toEqual([
        1,
        "",
        2,
        "",
      ]);
      expect(broken?.problem).not.toBe("");
      expect(broken?.operations).toEqual([]);
    }),
  );
});

test.each([
  ["an unknown version", [2, 0]],
  ["an unknown kind", [1, 16]],
])("an entry of %s stops the replica instead of being skipped", (_, entry) => {
  expect(() => decoder.decode(pack(entry))).toThrow(
    expect.objectContaining({ code: "INCOMPATIBLE_VERSION" }) as Error,
  );
});

test("an entry that is cut short or too long stops the replica", () => {
  const bytes = encodeFramesEntry(stamp, [frame(1)]);
  for (let length = 0; length < bytes.length; length++) {
    expect(() => decoder.decode(bytes.subarray(0, length))).toThrow(/./);
  }
  expect(() => decoder.decode(pack([1, 0, 5]))).toThrow(/./);
  expect(() => decoder.decode(Buffer.concat([encodeNoOpEntry(), Buffer.of(0)]))).toThrow(
    /too many/,
  );
});

/** What is done for every cell at once comes out as what it replaces, done one after the other. */
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { copyBytes } from "../../infra/state-store/copy-bytes.ts";
import { KeyWriter } from "../../infra/state-store/key-writer.ts";
import { RunBuilder } from "../../infra/state-store/run-builder.ts";
import { compareKeys, hashKey } from "../../infra/state-store/stored-key.ts";
import { writeStoredKey } from "../../infra/state-store/cell-format.ts";
import { ShownCell } from "../../kv/state/shown-cell.ts";
import { space } from "../../kv/state-reader.ts";

/** Few different characters, so that keys often begin alike; the highest byte shows a sign that slipped in. */
const keys = fc
  .array(fc.constantFrom("a", "b", "\u0000", "\u00ff", "\u0080"), { maxLength: 12 })
  .map((characters) => characters.join(""));
const pair = fc.oneof(
  fc.tuple(keys, keys),
  fc.tuple(keys, keys, keys).map(([start, left, right]) => [start + left, start + right] as const),
);

test("a written key has the bytes, the hash and the order it has by itself", () => {
  fc.assert(
    fc.property(pair, fc.nat({ max: 3 }), ([before, key], misalignment) => {
      const view = new DataView(new ArrayBuffer(128));
      const at = 64 + misalignment;
      const beforeEnd = 1 + before.length;
      writeStoredKey(view, 0, space.session, before);
      const writer = new KeyWriter();
      writer.write(view, at, space.session, key, 0, beforeEnd);
      const end = at + 1 + key.length;
      const alone = new DataView(new ArrayBuffer(64));
      writeStoredKey(alone, 0, space.session, key);
      expect(compareKeys(view, at, end, alone, 0, end - at)).toBe(0);
      expect(writer.hash).toBe(hashKey(alone, 0, end - at));
      const order = compareKeys(view, 0, beforeEnd, alone, 0, end - at);
      expect(Math.sign(writer.order)).toBe(Math.sign(order));
    }),
    { numRuns: 2000 },
  );
});

test("a copy holds the bytes of its window and touches none beside it", () => {
  const source = Uint8Array.from({ length: 2000 }, (_, at) => (at * 31 + (at >>> 8)) & 0xff);
  const from = new DataView(source.buffer, 5);
  for (const length of [...Array.from({ length: 70 }, (_, at) => at), 511, 512, 513, 1400]) {
    const target = new Uint8Array(2000);
    copyBytes(from, 3, 3 + length, new DataView(target.buffer, 1), 11);
    const expected = new Uint8Array(2000);
    expected.set(source.subarray(8, 8 + length), 12);
    expect(target).toEqual(expected);
  }
});

test("cells that do not come in order are an error, whatever the feed says of their keys", () => {
  const add = (cells: readonly (readonly [string, number, boolean])[]) => () => {
    const device = { chunk: (bytes: number) => new Uint8Array(bytes), read: () => undefined };
    const builder = new RunBuilder({ ...device, write: () => undefined }, 1, () => undefined);
    for (const [key, revision, newKey] of cells) {
      const cell = Object.assign(new ShownCell(), { key, revision });
      builder.add(newKey, space.data, cell);
    }
  };
  expect(
    add([
      ["key a", 9, true],
      ["key a", 8, false],
      ["key b", 1, true],
    ]),
  ).not.toThrow();
  expect(
    add([
      ["key b", 9, true],
      ["key a", 8, true],
    ]),
  ).toThrow(/in order/);
  expect(
    add([
      ["key a", 9, true],
      ["key a", 8, true],
    ]),
  ).toThrow(/in order/);
  expect(
    add([
      ["key a", 9, true],
      ["key b", 8, false],
    ]),
  ).toThrow(/in order/);
  expect(
    add([
      ["key a", 8, true],
      ["key a", 9, false],
    ]),
  ).toThrow(/in order/);
});

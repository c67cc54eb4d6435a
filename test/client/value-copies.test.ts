/** Copies of values out of messages: each is what was there, whatever becomes of the message, and of the other copies. */
import { describe, expect, test } from "vitest";
import { ValueCopies } from "../../client/value-copies.ts";

function bytes(length: number, first: number): Uint8Array {
  return Uint8Array.from({ length }, (_, at) => (first + at) & 0xff);
}

describe("copies of values", () => {
  test("are what stood in the message, in any order, however large", () => {
    const copies = new ValueCopies();
    const message = bytes(20_000, 3);
    const answer = {};
    for (const [start, end] of [
      [0, 0],
      [10, 138],
      [160, 288],
      [100, 110],
      [3_990, 4_020],
      [5_000, 15_000],
      [19_990, 20_000],
    ] as const) {
      const copy = copies.of(message, start, end, answer);
      expect(copy).toEqual(message.slice(start, end));
      expect(Object.getPrototypeOf(copy)).toBe(Uint8Array.prototype);
    }
  });

  test("stay when the message's memory is used again, for another answer as well", () => {
    const copies = new ValueCopies();
    const memory = bytes(500, 0);
    const first = copies.of(memory, 10, 20, {});
    memory.set(bytes(500, 7));
    const second = copies.of(memory, 12, 20, {});
    expect(first).toEqual(bytes(10, 10));
    expect(second).toEqual(bytes(8, 19));
    memory.fill(0);
    const alone = copies.of(memory, 12, 20, undefined);
    memory.fill(1);
    expect(copies.of(memory, 12, 20, undefined)).toEqual(new Uint8Array(8).fill(1));
    expect(alone).toEqual(new Uint8Array(8));
    expect(second).toEqual(bytes(8, 19));
  });

  test("of values apart from each other can be changed without changing the others", () => {
    const copies = new ValueCopies();
    const message = bytes(300, 0);
    const answer = {};
    const left = copies.of(message, 0, 100, answer);
    const right = copies.of(message, 100, 200, answer);
    left.fill(9);
    expect(right).toEqual(message.slice(100, 200));
  });
});

/** A value that need not outlast the next read is left where it lies; any other is the reader's to keep. */
import { afterEach, expect, test } from "vitest";
import { newest } from "../../kv/revision.ts";
import { space } from "../../kv/state-reader.ts";
import type { GroupStateStore } from "../../infra/state-store/state-store.ts";
import { cutOf, put, valueOf } from "./cuts.ts";
import { checkpoint, testStores, type TestStore } from "./stores.ts";

const opened: TestStore[] = [];
afterEach(() => {
  for (const store of opened.splice(0)) store.remove();
});

const count = 200;
const keyOf = (number: number): string => `key ${String(number).padStart(3, "0")}`;
/** Small ones, and some that take a block of their own. */
const textOf = (number: number): string => `${number}`.padEnd(number % 40 === 7 ? 9_000 : 80, ".");

function read(group: GroupStateStore, number: number, lent: boolean): string | undefined {
  const version = group.find(space.data, keyOf(number), newest, lent);
  return version && valueOf(version);
}

test.each(testStores)("$name", async ({ make }) => {
  const on = make();
  opened.push(on);
  const store = await on.open();
  const group = store.group("g");
  const cells = Array.from({ length: count }, (_, number) =>
    put(space.data, keyOf(number), number + 1, textOf(number)),
  );
  await checkpoint(on, group, cutOf({ appliedThrough: 1 }, cells));
  const kept = Array.from({ length: count }, (_, number) =>
    group.find(space.data, keyOf(number), newest),
  );
  for (let number = 0; number < count; number += 1) {
    expect(read(group, number, true)).toBe(textOf(number));
  }
  expect(read(group, count, true)).toBeUndefined();
  expect(kept.map((version) => version && valueOf(version))).toEqual(
    Array.from({ length: count }, (_, number) => textOf(number)),
  );
  await store.close();
});

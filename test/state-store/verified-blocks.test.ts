/** A block that was just found intact is not verified for every key that is read from it, and soon is again. */
import { expect, test } from "vitest";
import { seeded } from "../../infra/randomness/seeded-randomness.ts";
import type { GroupStateStore } from "../../infra/state-store/state-store.ts";
import { TrustPeriod, VerifiedBlocks } from "../../infra/state-store/verified-blocks.ts";
import { newest } from "../../kv/revision.ts";
import { space } from "../../kv/state-reader.ts";
import { cutOf, put, valueOf } from "./cuts.ts";
import { checkpoint, simulatedStore } from "./stores.ts";

/** One run of one block with one cell, read once. */
async function readOnce() {
  const on = simulatedStore();
  const group = (await on.open()).group("g");
  const cells = [put(space.data, "key", 1, "value")];
  await checkpoint(on, group, cutOf({ appliedThrough: 1 }, cells));
  expect(read(group)).toBe("value");
  return { on, group };
}

function read(group: GroupStateStore): string | undefined {
  const version = group.find(space.data, "key", newest);
  return version && valueOf(version);
}

const corrupt = expect.objectContaining({ code: "CORRUPT_STORE" }) as Error;

test("what changes in memory behind a reader's back is noticed after ten seconds at the latest", async () => {
  const { on, group } = await readOnce();
  const block = on.disk.read(1, 0);
  // Between content and offsets lie zeros, which nothing but the checksum is about.
  block?.view.setUint8(1_000, 1);
  expect(read(group)).toBe("value");
  const beganMs = on.clock.monotonicMs();
  on.clock.runAll();
  expect(on.clock.monotonicMs() - beganMs).toBeLessThanOrEqual(10_000);
  expect(() => read(group)).toThrow(corrupt);
});

test("what is read from a damaged disk is verified, however lately it was before", async () => {
  const { on, group } = await readOnce();
  const randomness = seeded(1);
  // In cells and in the tail, by chance.
  for (let flips = 0; flips < 9; flips += 1) expect(on.disk.flipBit(randomness)).toBe(true);
  expect(() => read(group)).toThrow(corrupt);
});

test("there is one timer while blocks are read, and none behind the end", () => {
  const running = new Set<object>();
  const trust = new TrustPeriod({
    monotonicMs: () => 0,
    wallMs: () => 0,
    defer: () => undefined,
    after: () => {
      const timer = {};
      running.add(timer);
      return () => void running.delete(timer);
    },
  });
  expect(running.size).toBe(0);
  trust.begin();
  trust.begin();
  expect(running.size).toBe(1);
  const { number } = trust;
  trust.end();
  expect(running.size).toBe(0);
  expect(trust.number).not.toBe(number);
});

test("blocks are remembered one by one, and all forgotten with their period", () => {
  const verified = new VerifiedBlocks(70);
  for (const block of [0, 31, 32, 69]) verified.add(block, 1);
  const known = Array.from({ length: 70 }, (_, block) => block).filter((block) =>
    verified.has(block, 1),
  );
  expect(known).toEqual([0, 31, 32, 69]);
  expect(verified.has(31, 2)).toBe(false);
  verified.add(5, 2);
  expect(verified.has(5, 2)).toBe(true);
  expect(verified.has(31, 2)).toBe(false);
});

/** What every source of randomness promises, and what the seeded one adds. */
import { describe, expect, test } from "vitest";
import { joinedFraction, joinedIdentifier } from "../../infra/randomness/random-words.ts";
import type { Randomness } from "../../infra/randomness/randomness.ts";
import { seeded } from "../../infra/randomness/seeded-randomness.ts";
import { systemRandomness } from "../../infra/randomness/system-randomness.ts";

const highestWord = 2 ** 32 - 1;

describe.each<[string, Randomness]>([
  ["system randomness", systemRandomness],
  ["seeded randomness", seeded(1)],
])("%s", (_name, randomness) => {
  test("fractions lie in [0, 1) and fill it evenly", () => {
    const drawn = 20_000;
    const tenths = Array.from({ length: 10 }, () => 0);
    for (let index = 0; index < drawn; index += 1) {
      const fraction = randomness.fraction();
      if (fraction < 0 || fraction >= 1) throw new Error(`${fraction} lies outside [0, 1)`);
      const tenth = Math.floor(fraction * 10);
      tenths[tenth] = (tenths[tenth] ?? 0) + 1;
    }
    // Nine standard deviations (42) around the mean: a fair source fails once in 10^17 runs.
    for (const count of tenths) expect(Math.abs(count - drawn / 10)).toBeLessThan(380);
  });

  test("identifiers are distinct safe integers above 0 and use the high bits", () => {
    const identifiers = Array.from({ length: 5_000 }, () => randomness.identifier());
    expect(new Set(identifiers).size).toBe(identifiers.length);
    expect(identifiers.every((each) => Number.isSafeInteger(each))).toBe(true);
    expect(Math.min(...identifiers)).toBeGreaterThan(0);
    expect(Math.max(...identifiers)).toBeLessThan(2 ** 52);
    expect(Math.max(...identifiers)).toBeGreaterThan(2 ** 51);
  });

  test("bytes come in the length asked for, all values among them", () => {
    expect(randomness.bytes(0)).toHaveLength(0);
    expect(randomness.bytes(16)).not.toEqual(randomness.bytes(16));
    expect(new Set(randomness.bytes(8_192)).size).toBe(256);
  });
});

test("the ends of the ranges are kept", () => {
  expect(joinedFraction(0, 0)).toBe(0);
  expect(joinedFraction(highestWord, highestWord)).toBe(1 - 2 ** -53);
  expect(joinedIdentifier(() => highestWord)).toBe(2 ** 52 - 1);
  const words = [0, 0, 0, 1];
  expect(joinedIdentifier(() => words.shift() ?? 0)).toBe(1);
});

test("a seed gives the same stream every time, another seed another", () => {
  const draw = (source: Randomness): number[] =>
    Array.from({ length: 50 }, () => source.fraction());
  expect(draw(seeded(42))).toEqual(draw(seeded(42)));
  expect(draw(seeded(42))).not.toEqual(draw(seeded(43)));
  expect(draw(seeded(42))).not.toEqual(draw(seeded(42).split("network")));
});

test("a stream split off by name does not depend on what was drawn elsewhere", () => {
  const quiet = seeded(5);
  const busy = seeded(5);
  for (let index = 0; index < 1_000; index += 1) busy.fraction();
  busy.split("disk").bytes(100);
  expect(busy.split("network").identifier()).toBe(quiet.split("network").identifier());
  expect(quiet.split("network").identifier()).not.toBe(quiet.split("networl").identifier());
});

test("streams of neighbouring seeds are unrelated", () => {
  const firstOfSeeds = Array.from({ length: 2_000 }, (_unused, seed) => seeded(seed).fraction());
  const mean = firstOfSeeds.reduce((sum, fraction) => sum + fraction, 0) / firstOfSeeds.length;
  expect(Math.abs(mean - 0.5)).toBeLessThan(0.04);
  let product = 0;
  for (let index = 1; index < firstOfSeeds.length; index += 1) {
    product += ((firstOfSeeds[index] ?? 0) - 0.5) * ((firstOfSeeds[index - 1] ?? 0) - 0.5);
  }
  expect(Math.abs(product / firstOfSeeds.length / (1 / 12))).toBeLessThan(0.1);
});

test("a probability of 0 or 1 is certain, and draws like any other", () => {
  const certain = seeded(9);
  const fair = seeded(9);
  for (let index = 0; index < 100; index += 1) {
    expect(certain.chance(index % 2)).toBe(index % 2 === 1);
    fair.chance(0.5);
  }
  expect(certain.fraction()).toBe(fair.fraction());
});

/** Strikes of a nemesis: leaving some out leaves the others what they are, so that a failing seed can be reduced. */
import { expect, test } from "vitest";
import { faultClasses, Nemesis } from "../../sim/nemesis.ts";
import { SimulatedCluster } from "../../sim/simulated-cluster.ts";
import { formatStrikeNumbers, parseStrikeNumbers } from "../../sim/strike-numbers.ts";

/** What struck when, by number. */
function strikesOf(without: ReadonlySet<number>): ReadonlyMap<number, string> {
  const cluster = new SimulatedCluster({ seed: 5 });
  cluster.startAll();
  cluster.world.runUntil(() => cluster.everyGroupLed, 30_000);
  const nemesis = new Nemesis({
    cluster,
    randomness: cluster.randomness.split("nemesis"),
    classes: faultClasses,
    firstClass: 3,
    firstStrike: 4,
    without,
  });
  const startMs = cluster.world.nowMs;
  nemesis.start();
  cluster.world.runFor(20_000);
  nemesis.stop();
  return new Map(
    nemesis.strikes.map(({ number, fault, atMs }) => [number, `${fault} at ${atMs - startMs}`]),
  );
}

test("a strike that is left out changes neither what the others are nor when they fall", () => {
  const all = strikesOf(new Set());
  const numbers = [...all.keys()];
  expect(numbers).toEqual(numbers.map((_, index) => index + 4));
  expect(numbers.length).toBeGreaterThan(10);
  const without = new Set(numbers.filter((number) => number % 3 !== 0));
  expect(strikesOf(without)).toEqual(new Map([...all].filter(([number]) => !without.has(number))));
});

test.each([
  ["7", [7]],
  ["3,7-9", [3, 7, 8, 9]],
  ["9,1-2,2", [1, 2, 9]],
])("%s names strikes", (text, numbers) => {
  expect([...(parseStrikeNumbers(text) ?? [])].sort((left, right) => left - right)).toEqual(
    numbers,
  );
});

test("numbers of strikes are written as they are read", () => {
  expect(formatStrikeNumbers([9, 1, 2, 3, 5])).toBe("1-3,5,9");
  expect(formatStrikeNumbers(parseStrikeNumbers("1-3,5,9") ?? [])).toBe("1-3,5,9");
});

test.each(["", "a", "3-1", "1,,2", "-4", "1-999999999"])("'%s' names no strikes", (text) => {
  expect(parseStrikeNumbers(text)).toBeUndefined();
});

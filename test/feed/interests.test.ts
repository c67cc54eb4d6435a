import { expect, test } from "vitest";
import { feedInterestMs, Interests, keyInterestMs } from "../../actors/feed/interests.ts";
import { SimulatedWorld } from "../../infra/clock/simulated-world.ts";

interface Heard {
  readonly interests: Interests;
  readonly after: (ms: number) => void;
}

function hearing(alwaysWanted: readonly string[] = []): Heard {
  const world = new SimulatedWorld();
  const { clock } = world.machine("m").start();
  return {
    interests: new Interests(clock, alwaysWanted),
    after: (ms) => world.runUntil(world.nowMs + ms),
  };
}

test("a feed is wanted for a while behind each request, and each group has its own", () => {
  const { interests, after } = hearing();
  expect(interests.feedMs("g1")).toBe(0);
  interests.wantFeed("g1");
  expect([interests.feedMs("g1"), interests.feedMs("g2")]).toEqual([feedInterestMs, 0]);
  after(feedInterestMs - 1000);
  expect(interests.feedMs("g1")).toBe(1000);
  interests.wantFeed("g1");
  after(feedInterestMs - 1);
  expect(interests.feedMs("g1")).toBe(1);
  after(1);
  expect(interests.feedMs("g1")).toBe(0);
});

test("keys are wanted by name, by wildcards and all together, in their bucket only", () => {
  const { interests, after } = hearing();
  const wants = (bucket: string, key: string) => interests.wantedKeys()(bucket, key);
  interests.wantKeys("b", "config.>");
  interests.wantKeys("b", "*.state");
  interests.wantKeys("b", "exact.key");
  const keys = ["config.a", "config.a.b", "config", "x.state", "x.y.state", "exact.key", "exact"];
  const wanted = [true, true, false, true, false, true, false];
  expect(keys.map((key) => wants("b", key))).toEqual(wanted);
  expect(wants("c", "config.a")).toBe(false);
  interests.wantKeys("c", ">");
  expect(wants("c", "anything at all")).toBe(true);
  after(keyInterestMs);
  expect(wants("b", "config.a") || wants("b", "exact.key") || wants("c", "a")).toBe(false);
  expect(interests.keysWanted).toBe(false);
});

test("what the topology names is wanted for ever", () => {
  const { interests, after } = hearing(["b"]);
  interests.wantKeys("b", ">");
  after(10 * keyInterestMs);
  expect([interests.keysWanted, interests.wantedKeys()("b", "k")]).toEqual([true, true]);
});

test("patterns are bounded, those that are kept may be renewed, and room is made by time", () => {
  const { interests, after } = hearing();
  let wildcards = 0;
  while (interests.wantKeys("b", `p${wildcards}.*`)) wildcards += 1;
  expect(wildcards).toBe(100);
  expect(interests.wantKeys("b", "p7.*")).toBe(true);
  expect(interests.wantKeys("b", "exact")).toBe(true);
  let keys = 0;
  while (interests.wantKeys(`bucket${keys % 7}`, `k${keys}`)) keys += 1;
  expect(keys).toBeGreaterThan(3000);
  expect(keys).toBeLessThan(5000);
  expect(interests.wantKeys("one more", ">")).toBe(false);
  expect(interests.wantKeys("b", ">")).toBe(true);
  after(keyInterestMs);
  expect(interests.wantKeys("b", "new.*")).toBe(true);
  expect(interests.wantKeys("one more", ">")).toBe(true);
});

/**
 * A feed held against the chosen log, while leaders die, freeze, are cut off and come back: whatever a message says is
 * true, whoever published it, and what no message said shows as a gap in the next one.
 */
import { describe, expect, test } from "vitest";
import { group, Watched } from "./support/watched.ts";

test("with one leader, from the first interest on, every change is told once and nothing is missing", () => {
  const watched = new Watched(1);
  watched.go(10_000);
  const { entries, gaps, missing } = watched.judge();
  expect(entries).toBeGreaterThan(150);
  expect({ gaps, missing }).toEqual({ gaps: 0, missing: 0 });
  const slots = watched.heard.filter(({ message }) => message.changes.length > 0);
  expect(new Set(slots.map(({ message }) => message.slot)).size).toBe(slots.length);
});

describe.each([1, 2, 3, 4, 5, 6])("seed %i", (seed) => {
  test("whatever happens to leaders, what is told is true, and what is not told shows as a gap", () => {
    const watched = new Watched(seed, true);
    const { cluster } = watched;
    const { world, network } = cluster;
    const names = [...cluster.nodes.keys()];
    const leader = () => {
      watched.until("somebody leads", () => cluster.leaderOf(group) !== undefined);
      return cluster.leaderOf(group) ?? cluster.node("n1");
    };
    watched.go(2_000);
    const killed = leader();
    killed.kill();
    watched.go(4_000);
    killed.start();
    watched.go(3_000);
    const frozen = leader();
    frozen.process?.pause();
    watched.go(4_000);
    frozen.process?.resume();
    watched.go(2_000);
    const cutOff = leader().name;
    const others = names.filter((name) => name !== cutOff);
    network.partition([cutOff], others);
    watched.go(3_000);
    network.healAll();
    watched.go(2_000);
    network.restartBroker();
    watched.go(3_000);
    for (const node of cluster.nodes.values()) node.kill();
    world.runFor(100);
    cluster.startAll();
    watched.go(6_000);
    const { entries, gaps } = watched.judge();
    expect(entries).toBeGreaterThan(100);
    expect(gaps).toBeGreaterThan(0);
    // On watch subjects nothing comes twice, and nothing older after something newer.
    const revisions = watched.told.map(({ revision }) => Number(revision));
    expect(revisions.length).toBeGreaterThan(100);
    expect(revisions.every((revision, at) => at === 0 || revision > (revisions[at - 1] ?? 0))).toBe(
      true,
    );
  });
});

test("a new leader tells how far it is at once, long before the second is over", () => {
  const watched = new Watched(7);
  const { cluster } = watched;
  watched.go(2_000);
  cluster.leaderOf(group)?.kill();
  const killedMs = cluster.world.nowMs;
  watched.until("another one leads", () => cluster.leaderOf(group) !== undefined);
  const ledMs = cluster.world.nowMs;
  cluster.world.runFor(200);
  const first = watched.heard.find(({ atMs }) => atMs > killedMs + 50);
  expect(first?.message.changes).toEqual([]);
  expect((first?.atMs ?? 0) - ledMs).toBeLessThan(100);
  expect(first?.message.previousSlot).toBeGreaterThan(0);
});

test("interest is first heard: progress at once; of another cluster, or for no group: nothing", () => {
  const watched = new Watched(8);
  const { world } = watched.cluster;
  watched.want("nothing of that name");
  watched.want("meta");
  world.runFor(300);
  const groups = () => watched.heard.splice(0).map(({ message }) => message.group);
  expect(groups()).toEqual(["meta"]);
  world.runFor(3_000);
  expect(groups()).toEqual(["meta", "meta", "meta"]);
  world.runFor(60_000);
  groups();
  world.runFor(5_000);
  expect(groups()).toEqual([]);
});

test("watch subjects: asked for at any node, answered by one leader, published by the owner", () => {
  const watched = new Watched(9);
  watched.put("before");
  watched.cluster.world.runFor(500);
  expect(watched.ask("default", "")).toEqual(['{"seconds":60}']);
  expect(watched.ask("default", '{"key":"zoo.*"}')).toEqual(['{"seconds":60}']);
  watched.put("apple");
  watched.put("kiwi.x");
  watched.cluster.world.runFor(500);
  const subjects = watched.told.map(({ subject }) => subject).toSorted();
  expect(subjects).toEqual(["synod.kv.default.watch.apple", "synod.kv.default.watch.kiwi.x"]);
  watched.cluster.world.runFor(60_000);
  watched.put("apple");
  watched.cluster.world.runFor(500);
  expect(watched.told.length).toBe(2);
});

test.each([
  ["no JSON", "{"],
  ["no object", "[]"],
  ["an unknown field", '{"keys":"a"}'],
  ["a number for a key", '{"key":1}'],
  ["no pattern", '{"key":"a..b"}'],
  ["a blank", '{"key":"a b"}'],
  ["a longer body than is read", `{"key":"a",${" ".repeat(9000)}}`],
  ["bytes that are no text", "\u00ff"],
])("interest with %s is answered with an error, once", (_, body) => {
  const watched = new Watched(10);
  const answers = watched.ask("default", body);
  expect(answers.length).toBe(1);
  expect(JSON.parse(answers[0] ?? "")).toMatchObject({
    error: { code: "BAD_REQUEST", outcome: "not executed", retryable: false },
  });
});

test("a bucket that cannot be is answered with an error", () => {
  const [answer = ""] = new Watched(11).ask("a+b", "");
  expect(JSON.parse(answer)).toMatchObject({ error: { code: "BAD_BUCKET" } });
});

test("a bucket that the topology names is watched from the start, through a change of leaders", () => {
  const watched = new Watched(12, true);
  watched.put("apple");
  watched.cluster.world.runFor(500);
  watched.cluster.leaderOf(group)?.kill();
  watched.until("another one leads", () => watched.cluster.leaderOf(group) !== undefined);
  watched.put("apple");
  watched.cluster.world.runFor(3_000);
  expect(watched.told.map(({ subject }) => subject)).toEqual([
    "synod.kv.default.watch.apple",
    "synod.kv.default.watch.apple",
  ]);
  const [first, second] = watched.told.map(({ revision }) => Number(revision));
  expect(second).toBeGreaterThan(first ?? 0);
});

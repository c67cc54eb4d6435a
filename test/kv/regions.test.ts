import { expect, test } from "vitest";
import { Regions } from "../../kv/state/regions.ts";
import { failure } from "../../kv/commands/result.ts";
import { deleteRange, get, put, range, transaction, unchanged } from "./support/operations.ts";
import { TestGroup } from "./support/test-group.ts";

const owned = [
  { id: 2, version: 1, start: "m", end: "p" },
  { id: 1, version: 1, start: "b", end: "f" },
  { id: 3, version: 1, start: "p", end: "t" },
];

test("a key belongs to the group when one of its regions holds it, ends excluded", () => {
  const regions = new Regions(owned);
  const held = ["b", "e\xff", "m", "p", "s"];
  const foreign = ["", "a", "f", "g", "l\xff", "t", "z"];
  // Twice, both ways: what was asked before must not change the answer.
  for (const key of [...held, ...held.toReversed()])
    expect([key, regions.owns(key)]).toEqual([key, true]);
  for (const key of foreign) {
    expect([key, regions.owns(key)]).toEqual([key, false]);
    expect(regions.owns("b")).toBe(true);
  }
});

test("a range belongs to the group only as a whole, over regions that touch", () => {
  const regions = new Regions(owned);
  expect(regions.ownsRange("b", "f")).toBe(true);
  expect(regions.ownsRange("m", "t")).toBe(true);
  expect(regions.ownsRange("n", "s")).toBe(true);
  expect(regions.ownsRange("b", "g")).toBe(false);
  expect(regions.ownsRange("e", "n")).toBe(false);
  expect(regions.ownsRange("a", "c")).toBe(false);
  expect(regions.ownsRange("m", undefined)).toBe(false);
  expect(
    new Regions([{ id: 1, version: 1, start: "m", end: undefined }]).ownsRange("n", undefined),
  ).toBe(true);
});

test("what a group owns in one piece reaches as far as its regions touch, both ways", () => {
  const regions = new Regions(owned);
  expect(regions.extentFrom("n")).toEqual({ end: "t" });
  expect(regions.extentFrom("b")).toEqual({ end: "f" });
  expect(regions.extentFrom("f")).toBe(undefined);
  expect(regions.extentBefore("t")).toBe("m");
  expect(regions.extentBefore("o")).toBe("m");
  expect(regions.extentBefore("c")).toBe("b");
  expect(regions.extentBefore("b")).toBe(undefined);
  expect(regions.extentBefore("u")).toBe(undefined);
  const rest = new Regions([...owned, { id: 4, version: 1, start: "t", end: undefined }]);
  expect(rest.extentFrom("m")).toEqual({ end: undefined });
  expect(rest.extentBefore("z")).toBe("m");
});

test("a group without regions owns nothing", () => {
  expect(new Regions([]).owns("a")).toBe(false);
  expect(new Regions([]).ownsRange("", undefined)).toBe(false);
});

test("every operation on keys of another group is answered WRONG_REGION and changes nothing", () => {
  const group = new TestGroup([{ id: 1, version: 1, start: "", end: "b\0m" }]);
  const wrong = failure("WRONG_REGION");
  expect(group.write(put("z", "1"), deleteRange("a", "z"), put("a", "1"))).toEqual([
    wrong,
    wrong,
    expect.any(Number),
  ]);
  expect(group.one(transaction([], [put("c", "1"), put("z", "1")]))).toEqual(
    failure("WRONG_REGION", 1),
  );
  expect(group.one(transaction([unchanged("a", "z", 0)], []))).toEqual(failure("WRONG_REGION", 0));
  expect(group.read(get("z"), range("a", undefined))).toEqual([wrong, wrong]);
  expect(group.read(get("c"))).toEqual([{ kind: 6, version: undefined }]);
});

test("regions are part of the checkpoint", () => {
  const group = new TestGroup([{ id: 7, version: 3, start: "b\0c", end: "b\0m" }]);
  group.checkpointNow();
  group.restart();
  expect(group.replica.regions.owned).toEqual([{ id: 7, version: 3, start: "b\0c", end: "b\0m" }]);
});

/** What the oracle of watches accepts, and what it must not: groups answer at different times. */
import { expect, test } from "vitest";
import type { WatchedChange } from "../../client/watch/watched-change.ts";
import { changeOperation, type Change } from "../../kv/change.ts";
import { checkWatch } from "../../sim/oracles/watches.ts";
import { Violation } from "../../sim/violation.ts";

function put(key: string, revision: number): WatchedChange {
  const value = Buffer.from(`${key}${revision}`);
  return { key, revision, operation: changeOperation.put, expiresAt: 0, value };
}

/** All changes of the group that owns small letters; the other group owns `SLOW`. */
const log: readonly Change[] = [
  put("a", 1),
  put("b", 2),
  put("a", 3),
  put("c", 4),
  put("b", 5),
].map(({ value, ...change }) => ({ ...change, source: value, start: 0, end: value.length }));
const slow = put("SLOW", 9);

function verdict(changes: readonly WatchedChange[], initialCount: number): string {
  const through = new Map([["g", 5]]);
  const range = { start: "", end: undefined };
  const record = {
    client: "w",
    range,
    withCurrent: true,
    initialCount,
    changes,
    through,
    restarts: 0,
  };
  try {
    checkWatch(record, "g", log, (key) => key !== "SLOW");
    return "true";
  } catch (failure) {
    if (failure instanceof Violation) return failure.message;
    throw failure;
  }
}

test("a group's changes may come before the values of another group, which was slower", () => {
  const values = [put("b", 2), put("a", 3)];
  const changed = [put("c", 4), put("b", 5)];
  expect(verdict([...values, slow, ...changed], 3)).toBe("true");
  expect(verdict([...values, ...changed, slow], 5)).toBe("true");
  expect(
    verdict(
      [
        ...log.slice(0, 2).map(({ key, revision }) => put(key, revision)),
        put("a", 3),
        ...changed,
        slow,
      ],
      6,
    ),
  ).toBe("true");
});

test.each([
  ["a value is missing", [put("b", 2), put("c", 4), put("b", 5), slow], 4],
  ["a change is missing", [put("b", 2), put("a", 3), put("b", 5), slow], 4],
  [
    "a change comes twice",
    [put("b", 2), put("a", 3), put("c", 4), put("c", 4), put("b", 5), slow],
    6,
  ],
  ["a value is old", [put("a", 1), put("b", 2), slow, put("c", 4), put("b", 5)], 3],
  ["the values end too late", [put("b", 2), slow, put("a", 3), put("c", 4), put("b", 5)], 1],
])("%s: that is told", (_, changes, initialCount) => {
  expect(verdict(changes, initialCount)).toContain("watches tell what the log says");
});

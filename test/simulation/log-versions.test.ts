/** What answers say of revisions, held against what the log did to keys; and when keys expire. */
import { expect, test } from "vitest";
import { changeOperation, type Change, type ChangeOperation } from "../../kv/change.ts";
import { operationKind } from "../../kv/commands/operation.ts";
import { newest, revisionsPerMs } from "../../kv/revision.ts";
import type { Cell } from "../../kv/state-reader.ts";
import { checkExpiries } from "../../sim/oracles/expiries.ts";
import { LogVersions, type LogChange } from "../../sim/oracles/log-versions.ts";
import { placedByGroup } from "../../sim/oracles/real-time.ts";
import { checkToldRevisions } from "../../sim/oracles/told-revisions.ts";
import type { Recorded } from "../../sim/workload/history.ts";
import { found, get, missing, put, remove, told, verdictOf, version } from "./support/told.ts";

function change(
  slot: number,
  key: string,
  revision: number,
  text: string | undefined,
  operation: ChangeOperation = text === undefined ? changeOperation.delete : changeOperation.put,
  expiresAt = 0,
): LogChange {
  const source = Buffer.from(text ?? "");
  const window = { source, start: 0, end: source.length };
  const logged: Change = { key, revision, operation, expiresAt, ...window };
  return { change: logged, slot };
}

const real = "the log's order is that of real time";
const revisions = "revisions are those of the log";
const versions = new LogVersions([
  change(1, "k", 10, "one"),
  change(2, "k", 20, "two"),
  change(2, "m", 21, "m"),
  change(3, "k", 30, undefined),
]);

function verdict(...operations: readonly Recorded[]): string {
  const placed = placedByGroup(operations).get("g") ?? [];
  return verdictOf(() => checkToldRevisions(operations, placed, versions, (key) => key !== "far"));
}

test("a revision names one text, or a removal", () => {
  expect(verdict(told([0, 1], put("k", "one"), 10))).toBe("true");
  expect(verdict(told([0, 1], put("k", "one"), 20))).toBe(revisions);
  expect(verdict(told([0, 1], put("k", "one"), 11))).toBe(revisions);
  expect(verdict(told([0, 1], get("k"), found("two", 10)))).toBe(revisions);
  const removed = { kind: 2, revision: 30, existed: true } as const;
  expect(verdict(told([0, 1], remove("k"), removed))).toBe("true");
  expect(verdict(told([0, 1], remove("k"), { ...removed, revision: 20 }))).toBe(revisions);
  expect(verdict(told([0, 1], put("far", "x"), 5))).toBe("true");
  expect(verdict(told([0, 1], get("k"), missing))).toBe("true");
});

test("what was read without a place lies before the next change, also in time", () => {
  const two = told([0, 1], put("k", "two"), 20, { at: [2, 0, 20] });
  expect(verdict(two, told([2, 3], get("k"), found("two", 20)))).toBe("true");
  expect(verdict(two, told([2, 3], get("k"), found("one", 10)))).toBe(real);
  expect(verdict(two, told([0, 3], get("k"), found("one", 10)))).toBe("true");
  expect(verdict(two, told([2, 3], get("k"), found("one", 10), { stale: true }))).toBe("true");
  // Neither says where it lies, but they cannot both be true.
  const removed = told([0, 1], remove("k"), { kind: 2, revision: 30, existed: true });
  expect(verdict(removed, told([2, 3], get("k"), found("two", 20)))).toBe(real);
});

test("what no state held at once is not read together", () => {
  const row = (key: string, text: string, revision: number): Cell => {
    return { key, version: version(text, revision) };
  };
  const range = {
    kind: 7,
    start: "a",
    end: "z",
    limit: 0,
    reverse: false,
    keysOnly: false,
  } as const;
  const operation = { ...range, at: newest, cursor: undefined };
  const seen = (...rows: readonly Cell[]) =>
    told([0, 9], operation, { kind: 7, rows, cursor: undefined });
  expect(verdict(seen(row("k", "two", 20), row("m", "m", 21)))).toBe("true");
  expect(verdict(seen(row("k", "one", 10), row("m", "m", 21)))).toBe(revisions);
});

const due = "keys expire when they are due";
const ms = revisionsPerMs;

function expiring(changes: readonly LogChange[], lastRevision = 50 * ms): string {
  return verdictOf(() => checkExpiries([], new LogVersions(changes), lastRevision));
}

test("a key is there until it is due, and gone then", () => {
  const born = change(1, "k", ms, "v", changeOperation.put, 10 * ms);
  const gone = (at: number): LogChange => change(2, "k", at, undefined, changeOperation.expire);
  expect(expiring([born, gone(10 * ms)])).toBe("true");
  expect(expiring([born, gone(40 * ms)])).toBe("true");
  expect(expiring([born, gone(10 * ms - 1)])).toBe(due);
  expect(expiring([born], 10 * ms - 1)).toBe("true");
  expect(expiring([born])).toBe(due);
  expect(expiring([born, change(2, "k", 20 * ms, "new")])).toBe(due);
  expect(expiring([born, change(2, "k", 5 * ms, "new")])).toBe("true");
  expect(expiring([change(1, "k", ms, "v"), gone(10 * ms)])).toBe(due);
});

test("a key lives as long as was asked for", () => {
  const lifetime = (ttlMs: number): string =>
    verdictOf(() => {
      const own = new LogVersions([change(1, "k", ms, "v", changeOperation.put, 10 * ms)]);
      checkExpiries([told([0, 1], put("k", "v", ttlMs), ms)], own, ms);
    });
  expect(lifetime(9)).toBe("true");
  expect(lifetime(8)).toBe(due);
  expect(lifetime(0)).toBe(due);
});

test("what is counted lives as long as before", () => {
  const operation = { kind: operationKind.increment, key: "n", delta: 1 } as const;
  const counted = (expiresAt: number, before?: LogChange): string => {
    const changes = [before, change(2, "n", 2 * ms, "1", changeOperation.put, expiresAt)];
    const own = new LogVersions(changes.filter((one) => one !== undefined));
    const answer = { kind: operationKind.increment, revision: 2 * ms, value: 1 } as const;
    return verdictOf(() => checkExpiries([told([0, 1], operation, answer)], own, 2 * ms));
  };
  const born = change(1, "n", ms, "0", changeOperation.put, 10 * ms);
  expect(counted(10 * ms, born)).toBe("true");
  expect(counted(0, born)).toBe(due);
  expect(counted(0)).toBe("true");
  expect(counted(10 * ms)).toBe(due);
});

/** Sums that never change, and reads that say how old they are. */
import { expect, test } from "vitest";
import { stale } from "../../client/core/freshness.ts";
import { operationKind } from "../../kv/commands/operation.ts";
import type { OperationResult } from "../../kv/commands/result.ts";
import { revisionAt } from "../../kv/revision.ts";
import { checkBank } from "../../sim/oracles/bank.ts";
import { checkFreshness } from "../../sim/oracles/fresh-enough.ts";
import { accounts, audit } from "../../sim/workload/bank.ts";
import { requireOneState } from "../../sim/workload/banker.ts";
import type { Answer, Recorded } from "../../sim/workload/history.ts";
import { found, get, put, told, verdictOf, version } from "./support/told.ts";

const parts = "transactions take effect as a whole";

function rows(...sums: readonly number[]): OperationResult {
  const seen = sums.map((sum, at) => ({
    key: accounts[at] ?? "",
    version: version(String(sum), 10 + at),
  }));
  return { kind: operationKind.range, rows: seen, cursor: undefined };
}

test("who sees all accounts sees their sum, on an old state too", () => {
  const all = audit(0, false, undefined);
  const verdict = (operation: Recorded["operation"], result: OperationResult, old = false) =>
    verdictOf(() => checkBank([told([0, 1], operation, result, { stale: old })]));
  expect(verdict(all, rows(5, -3, -2))).toBe("true");
  expect(verdict(all, rows(5, -3))).toBe(parts);
  expect(verdict(all, rows(5, -3), true)).toBe(parts);
  // A page is not all of it.
  expect(verdict(audit(0, false, accounts[1]), rows(5, -3))).toBe("true");
  expect(verdict(all, { ...(rows(5, -3) as object), cursor: accounts[1] } as never)).toBe("true");
});

test("a transaction that looks at all accounts sees their sum", () => {
  const gets = accounts.map((key) => get(key) as never);
  const operation = { kind: operationKind.transaction, checks: [], operations: gets };
  const verdict = (...sums: readonly string[]) => {
    const results = sums.map((sum) => found(sum, 10));
    const result: OperationResult = { kind: operationKind.transaction, revision: 11, results };
    return verdictOf(() => checkBank([told([0, 1], operation, result)]));
  };
  expect(verdict("1", "2", "-3", "0", "0")).toBe("true");
  expect(verdict("1", "2", "-3", "0", "1")).toBe(parts);
});

test("gets that are answered from one slot see one state", () => {
  const answers = (slots: readonly number[], sums: readonly string[]): readonly Answer[] =>
    slots.map((slot, at) => ({
      result: found(sums[at] ?? "0", 10),
      place: { group: "g", slot, index: 99_999, lastRevision: 10, asOf: 0 },
    }));
  const verdict = (slots: readonly number[], ...sums: readonly string[]): string =>
    verdictOf(() => requireOneState(answers(slots, sums)));
  expect(verdict([3, 3, 3], "1", "2", "-3")).toBe("true");
  expect(verdict([3, 3, 3], "1", "2", "-2")).toBe(parts);
  expect(verdict([3, 4, 3], "1", "2", "-2")).toBe("true");
});

const old = "stale reads are as new as they say";
const startWallMs = 1_767_225_600_000;
const exact = { startWallMs, aheadMs: 0, behindMs: 0 };

/** Between 1,000 and 1,001 ms a state behind slot 5, revision 50, is read that is said to be complete as of `asOfMs`. */
function read(asOfMs: number, isStale = true): Recorded {
  const recorded = told([1_000, 1_001], get("k"), found("v", 40), {
    at: [5, 99_999, 50],
    stale: isStale,
  });
  const asOf = asOfMs === 0 ? 0 : revisionAt(startWallMs + asOfMs);
  const { answer } = recorded.told as { answer: { place: object } };
  return {
    ...recorded,
    told: { atMs: 1_001, answer: { ...answer, place: { ...answer.place, asOf } } as never },
  };
}

test("a stale read holds the revision, and is not older than was asked for", () => {
  const verdict = (recorded: Recorded, revision: number, ageMs: number, behindMs = 0) =>
    verdictOf(() => {
      const asked = new Map([[recorded, stale(revision, ageMs)]]);
      checkFreshness([recorded], asked, { ...exact, behindMs });
    });
  expect(verdict(read(900), 50, 0)).toBe("true");
  expect(verdict(read(900), 51, 0)).toBe(old);
  expect(verdict(read(900), 0, 100)).toBe("true");
  expect(verdict(read(500), 0, 100)).toBe(old);
  expect(verdict(read(500), 0, 100, 400)).toBe("true");
  expect(verdict(read(0), 0, 100)).toBe(old);
  expect(verdict(read(0), 0, 0)).toBe("true");
});

test("what was acknowledged before a read's date is in what it saw", () => {
  const write = (slot: number) => told([100, 200], put("m", "x"), 60, { at: [slot, 0, 60] });
  const verdict = (slot: number, asOfMs: number, aheadMs = 0) =>
    verdictOf(() => {
      checkFreshness([write(slot), read(asOfMs)], new Map(), { ...exact, aheadMs });
    });
  expect(verdict(5, 900)).toBe("true");
  expect(verdict(6, 900)).toBe(old);
  expect(verdict(6, 150)).toBe("true");
  expect(verdict(6, 900, 800)).toBe("true");
});

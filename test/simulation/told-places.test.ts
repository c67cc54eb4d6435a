/** What answers say of the log must fit together, without the log at hand. */
import { expect, test } from "vitest";
import { ConflictError } from "../../client/errors.ts";
import { checkKind, operationKind, type Transaction } from "../../kv/commands/operation.ts";
import { judgeHistory } from "../../sim/judge-history.ts";
import type { Recorded } from "../../sim/workload/history.ts";
import {
  counted,
  found,
  get,
  increment,
  missing,
  put,
  remove,
  told,
  verdictOf,
} from "./support/told.ts";

const disagree = "answers agree on the log";

/** Two writes of one key, a read behind each, all at once as far as time goes: only places order them. */
const one = told([0, 99], put("k", "one"), 10, { at: [1, 0, 10] });
const two = told([0, 99], put("k", "two"), 20, { at: [2, 0, 20], client: "c2" });

function verdict(...operations: readonly Recorded[]): string {
  return verdictOf(() => judgeHistory([one, two, ...operations]));
}

test("a history that fits together is one", () => {
  expect(
    verdict(
      told([0, 99], get("k"), found("one", 10), { at: [1, 99_999, 10] }),
      told([0, 99], get("k"), found("two", 20), { at: [2, 99_999, 20] }),
      told([100, 101], get("k"), found("one", 10), { at: [1, 99_999, 10], stale: true }),
      told([0, 99], put("m", "three"), 21, { at: [3, 0, 21] }),
      told([0, 99], get("other"), missing, { at: [3, 99_999, 21] }),
    ),
  ).toBe("true");
});

test.each<[string, Recorded]>([
  [
    "a read that does not see what lies before it",
    told([0, 99], get("k"), found("one", 10), { at: [2, 99_999, 20] }),
  ],
  [
    "a stale read too is of one state",
    told([0, 99], get("k"), found("one", 10), { at: [2, 99_999, 20], stale: true }),
  ],
  [
    "a read that sees what lies behind it",
    told([0, 99], get("k"), found("two", 20), { at: [1, 99_999, 10] }),
  ],
  [
    "a key that nobody removed is not there",
    told([0, 99], get("k"), missing, { at: [2, 99_999, 20] }),
  ],
  [
    "another text at a revision",
    told([0, 99], get("k"), found("two", 10), { at: [1, 99_999, 10] }),
  ],
  ["a place with two frames", told([0, 99], put("m", "three"), 20, { at: [1, 0, 10] })],
  ["a frame of two clients", told([0, 99], put("m", "3"), 10, { at: [1, 0, 10], client: "c2" })],
  ["revisions that go back", told([0, 99], put("m", "three"), 15, { at: [3, 0, 15] })],
  ["a revision of an earlier place", told([0, 99], put("m", "three"), 15, { at: [3, 0, 30] })],
])("%s: that is told", (_, wrong) => {
  expect(verdict(wrong)).toBe(disagree);
});

test("what is removed may be gone, and is not seen any more", () => {
  const removed = told(
    [0, 99],
    remove("k"),
    { kind: 2, revision: 30, existed: true },
    { at: [3, 0, 30] },
  );
  const at = [4, 99_999, 31] as const;
  expect(verdict(removed, told([0, 99], get("k"), missing, { at }))).toBe("true");
  expect(verdict(removed, told([0, 99], get("k"), found("two", 20), { at }))).toBe(disagree);
});

test("an operation that began after another had ended lies behind it", () => {
  const late = told([200, 201], get("m"), missing, { at: [1, 99_999, 10] });
  const later = told([150, 160], put("n", "n"), 40, { at: [4, 0, 40] });
  expect(verdict(later, late)).toBe("the log's order is that of real time");
  expect(verdict(later, { ...late, stale: true })).toBe("true");
});

test("a transaction is executed only where its checks hold", () => {
  const transaction = (revision: number, operations: Transaction["operations"]): Transaction => {
    const checks = [{ kind: checkKind.revision, key: "k", revision } as const];
    return { kind: operationKind.transaction, checks, operations };
  };
  const three = put("k", "three");
  const outcome = (revision: number, part: ReturnType<typeof put>): string => {
    const result = { kind: operationKind.transaction, revision: 30, results: [30] };
    return verdictOf(() =>
      judgeHistory([
        told([0, 1], put("k", "one"), 10),
        told([2, 3], put("k", "two"), 20),
        told([4, 5], transaction(revision, [part]), result),
        told([6, 7], get(part.key), found(part === three ? "three" : "m", 30)),
      ]),
    );
  };
  for (const part of [three, put("m", "m")]) {
    expect(outcome(20, part)).toBe("true");
    expect(outcome(10, part)).toBe("every key is linearizable");
  }
});

test("whoever is refused for a conflict met something else than was expected", () => {
  const refused = (expectedRevision: number | undefined, actualRevision: number): string => {
    const details = { bucket: "b", key: "k", expectedRevision, actualRevision };
    const answer = new ConflictError("it was changed", details);
    const operation = { ...put("k", "three"), expectation: 20 };
    return verdict({ ...told([0, 99], operation, "not executed"), told: { atMs: 99, answer } });
  };
  expect(refused(20, 10)).toBe("true");
  expect(refused(undefined, 10)).toBe("true");
  expect(refused(20, 20)).toBe("conflicts are what the log says");
  expect(refused(undefined, 20)).toBe("conflicts are what the log says");
});

const sum = "increments add up";

test("a counter is the sum of what was acknowledged and some of what is unknown", () => {
  const history = [
    told([0, 1], increment("n", 2), counted(2, 11)),
    told([2, 3], increment("n", 5), "unknown"),
    told([4, 5], increment("n", 9), "not executed"),
  ];
  const seen = (text: string): string =>
    verdictOf(() => judgeHistory([...history, told([6, 7], get("n"), found(text, 12))]));
  expect(seen("2")).toBe("true");
  expect(seen("7")).toBe("true");
  expect(seen("0")).toBe(sum);
  expect(seen("16")).toBe(sum);
  expect(verdictOf(() => judgeHistory([...history, told([6, 7], get("n"), missing)]))).toBe(sum);
});

test("an increment under way counts, or not yet", () => {
  const history = [told([0, 9], increment("n", -2), counted(-2, 11))];
  const seen = (text: string): string =>
    verdictOf(() => judgeHistory([...history, told([6, 7], get("n"), found(text, 12))]));
  expect(seen("-2")).toBe("true");
  expect(seen("-3")).toBe(sum);
});

/** Whether a run bears out what is promised. */
import { expect, test } from "vitest";
import { judge, targets, type Judged } from "../../bench/comparison/targets.ts";
import type { Measurement } from "../../bench/comparison/results.ts";
import { cellResult, comparisonResult, measurement, put256 } from "./made-result.ts";

const put1 = { ...put256, callers: 1 };
const worked = { checkpoints: 3, trims: 1 };

function judged(
  what: string,
  synod: Measurement,
  cell = put256,
  theirs: Partial<Measurement> = {},
): Judged {
  const result = comparisonResult([
    cellResult(cell, {
      synod: [synod],
      etcd: [measurement(1, 100, theirs)],
      "etcd-debian": [measurement(1, 90, theirs)],
    }),
  ]);
  const found = judge(result).find(({ target }) => target.what === what);
  if (found === undefined) throw new Error(`there is no target ${what}`);
  return found;
}

test("a bound that is reached exactly is met", () => {
  const what = "put, 256 callers, vs etcd";
  expect(judged(what, measurement(1, 1_200, worked)).verdict).toBe("aim met");
  expect(judged(what, measurement(1, 800, worked)).verdict).toBe("met");
  expect(judged(what, measurement(1, 799, worked)).verdict).toBe("missed");
});

test("of latency, less is better", () => {
  const what = "put p50, 1 caller, vs etcd";
  const taking = (p50: number) => ({ latencyUs: { p50, p99: p50, p999: p50, max: p50 } });
  const verdict = (p50: number) =>
    judged(what, measurement(1, 1, { ...taking(p50), ...worked }), put1, taking(1_000)).verdict;
  expect(verdict(1_001)).toBe("missed");
  expect(verdict(1_000)).toBe("met");
  expect(verdict(700)).toBe("aim met");
});

test("a put run without checkpoints, with errors or a restart is doubted", () => {
  const what = "put, 256 callers, vs etcd";
  expect(judged(what, measurement(1, 900, worked)).doubts).toEqual([]);
  const doubtful = { checkpoints: 2, trims: 1, errors: { TIMEOUT: 1 }, disturbed: true } as const;
  expect(judged(what, measurement(1, 900, doubtful)).doubts).toEqual([
    "fewer than 3 checkpoints or no trim",
    "errors",
    "a node was started again",
  ]);
});

test("what a run lacks is not measured, and against one of two etcds is said", () => {
  const lonely = comparisonResult([
    cellResult(put256, { synod: [measurement(1, 900, worked)], etcd: [measurement(1, 100)] }),
  ]);
  const verdicts = judge(lonely);
  expect(verdicts).toHaveLength(targets.length);
  expect(verdicts[0]).toMatchObject({ verdict: "met", doubts: ["not against all of them"] });
  expect(verdicts.slice(1).map(({ verdict }) => verdict)).toEqual(
    targets.slice(1).map(() => "not measured"),
  );
});

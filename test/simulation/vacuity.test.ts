/** Runs, and sets of runs, that prove nothing are told from those that do. */
import { expect, test } from "vitest";
import { lackingIn } from "../../sim/command/set-vacuity.ts";
import { faultClasses } from "../../sim/nemesis.ts";
import { kindsOfAnswers, kindsOfFailures, toldKinds } from "../../sim/oracles/told-kinds.ts";
import type { SeedReport } from "../../sim/run-seed.ts";
import { lackingInRun, type Contents, type Looks } from "../../sim/vacuity.ts";
import { counted, found, get, increment, put, told } from "./support/told.ts";

const looks: Looks = {
  "chosen slots": 1,
  "votes held against disks": 1,
  "entries applied by several": 1,
  "slots known chosen": 1,
  "holders of leases": 1,
  "entries accepted by all in the calm": 1,
  "answers with a place": 1,
  "writes found in logs": 1,
  "keys searched": 1,
  "audits of the bank": 1,
  "reads with a date": 1,
  "answers found by revision": 1,
  "keys that expired": 1,
};

const run: Contents = {
  nodes: 3,
  answered: 1,
  struck: 1,
  registers: 20,
  registersUndecided: 2,
  looks,
};

test("a run has answers and faults, and every oracle something to look at", () => {
  expect(lackingInRun(run)).toEqual([]);
  expect(lackingInRun({ ...run, answered: 0 })).toEqual(["no answers"]);
  expect(lackingInRun({ ...run, struck: 0 })).toEqual(["no faults"]);
  expect(lackingInRun({ ...run, struck: undefined })).toEqual([]);
  expect(lackingInRun({ ...run, registersUndecided: 3 })).toEqual(["too many undecided keys"]);
  for (const what of Object.keys(looks)) {
    const blind = { ...run, looks: { ...looks, [what]: 0 } };
    const isOfSets = what === "entries accepted by all in the calm";
    expect(lackingInRun(blind)).toEqual(isOfSets ? [] : [`no ${what}`]);
  }
});

const everyKind = Object.fromEntries(
  [...kindsOfAnswers, ...kindsOfFailures].map((kind) => [kind, 1]),
);
const report = {
  faults: Object.fromEntries(faultClasses.map((fault) => [fault, 1])),
  leaderChanges: 1,
  checkpoints: 1,
  trims: 1,
  watchRestarts: 1,
  registers: 20,
  registersUndecided: 1,
  leftBroken: 1,
  outcomesUnknown: 1,
  told: everyKind,
  nodes: 3,
  looks: { ...looks, "entries accepted by all in the calm": 20 },
} as unknown as SeedReport;

function lacking(change: Partial<SeedReport>, count = 12): readonly string[] {
  return lackingIn(Array.from({ length: count }, () => ({ ...report, ...change })));
}

test("a set of runs has everything that a run may lack", () => {
  expect(lacking({})).toEqual([]);
  expect(lacking({ leaderChanges: 0 })).toEqual(["no change of leaders"]);
  expect(lacking({ leftBroken: 0 })).toEqual(["no majority that went on alone"]);
  expect(lacking({ looks })).toEqual(["not enough calm"]);
  expect(lacking({ looks, nodes: 1 })).toEqual([]);
  expect(lacking({ outcomesUnknown: 0 })).toEqual(["no unknown outcome"]);
  expect(lacking({ registersUndecided: 3 })).toEqual(["too many undecided keys"]);
  for (const kind of [...kindsOfAnswers, ...kindsOfFailures]) {
    const told = { ...everyKind, [kind]: 0 };
    expect(lacking({ told })).toEqual([`nothing told of kind ${kind}`]);
  }
  const [fault = ""] = faultClasses;
  const faults = { ...report.faults, [fault]: 0 };
  expect(lacking({ faults }, 60)).toEqual([`no ${fault}`]);
  const withoutLarge = { ...report.faults, "late teacher": 0 };
  expect(lacking({ faults: withoutLarge, nodes: 3 }, 60)).toEqual([]);
  expect(lacking({ faults: withoutLarge, nodes: 5 }, 60)).toEqual(["no late teacher"]);
  expect(lacking({ faults }, 12)).toEqual([]);
  const half = faultClasses.slice(0, faultClasses.length / 2).map((name) => [name, 1]);
  expect(lacking({ faults: Object.fromEntries(half) })).toEqual(["not most classes of faults"]);
  expect(lacking({ leaderChanges: 0 }, 2)).toEqual([]);
});

test("a cluster of one sends no votes, and nobody else applies its entries", () => {
  const alone = { ...looks, "votes held against disks": 0, "entries applied by several": 0 };
  expect(lackingInRun({ ...run, looks: alone, nodes: 1 })).toEqual([]);
  expect(lackingInRun({ ...run, looks: alone })).toHaveLength(2);
});

test("what was told is counted by its kinds", () => {
  const at = [1, 0, 10] as const;
  const history = [
    told([0, 1], put("k", "a", 400), 10, { at }),
    told([0, 1], get("k"), found("a", 10), { at, stale: true }),
    told([0, 1], increment("n"), counted(1, 1)),
    told([0, 1], increment("n"), "unknown"),
  ];
  expect(toldKinds(history)).toEqual({
    put: 1,
    "put with a time to live": 1,
    get: 1,
    "stale read": 1,
    increment: 1,
    "answer without a place": 1,
    unknown: 1,
  });
});

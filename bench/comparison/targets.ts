/** What Synod has promised against its peers, and whether a run bears it out. */
import type { Cell } from "./cell.ts";
import type { ContestantName } from "./contestant.ts";
import { measurementsOf, p50, ratioWithinRounds, throughput } from "./ratios.ts";
import type { CellResult, ComparisonResult } from "./results.ts";

export interface Target {
  readonly what: string;
  readonly cell: Cell;
  readonly who: ContestantName;
  /** Their best counts. */
  readonly against: readonly ContestantName[];
  readonly of: "throughput" | "p50";
  /** May not be missed. Of latency, an upper bound. */
  readonly atLeast: number;
  readonly aim: number;
}

export interface Judged {
  readonly target: Target;
  /** Undefined where the run has not measured it. */
  readonly ratio: number | undefined;
  readonly verdict: "aim met" | "met" | "missed" | "not measured";
  /** Why the number is none to rely on. */
  readonly doubts: readonly string[];
}

const etcd = ["etcd", "etcd-debian"] as const;
const put256: Cell = { workload: "put", valueBytes: 128, callers: 256 };
const get256: Cell = { workload: "get", valueBytes: 128, callers: 256 };
const put1: Cell = { workload: "put", valueBytes: 128, callers: 1 };

export const targets: readonly Target[] = [
  target("put, 256 callers, vs etcd", put256, "synod", etcd, 8, 12),
  target("put, 256 callers, vs JetStream, deferred fsync", put256, "synod", ["jetstream"], 2.5, 4),
  target(
    "put, 256 callers, vs JetStream, fsync always",
    put256,
    "synod",
    ["jetstream-always"],
    8,
    15,
  ),
  target("put, 256 callers, raw subjects from Go, vs etcd", put256, "synod-raw", etcd, 3, 5),
  target("linearizable get, 256 callers, vs etcd", get256, "synod", etcd, 12, 20),
  target(
    "linearizable get, 256 callers, vs JetStream (not linearizable)",
    get256,
    "synod",
    ["jetstream"],
    3,
    6,
  ),
  { ...target("put p50, 1 caller, vs etcd", put1, "synod", etcd, 1, 0.7), of: "p50" },
];

/** Each put run of Synod has to contain as much of this: what a benchmark puts off it has not paid for. */
export const checkpointsMin = 3;
export const trimsMin = 1;

export function judge(result: ComparisonResult): readonly Judged[] {
  return targets.map((one) => judgeOne(one, result));
}

function judgeOne(one: Target, result: ComparisonResult): Judged {
  const cell = result.cells.find((candidate) => isSame(candidate.cell, one.cell));
  const ratio =
    cell === undefined
      ? undefined
      : one.of === "throughput"
        ? ratioWithinRounds(cell, one.who, one.against, throughput, "most")
        : ratioWithinRounds(cell, one.who, one.against, p50, "least");
  if (cell === undefined || ratio === undefined) {
    return { target: one, ratio: undefined, verdict: "not measured", doubts: [] };
  }
  const reaches = (bound: number): boolean =>
    one.of === "throughput" ? ratio >= bound : ratio <= bound;
  const verdict = reaches(one.aim) ? "aim met" : reaches(one.atLeast) ? "met" : "missed";
  return { target: one, ratio, verdict, doubts: doubtsOf(one, cell, result) };
}

function doubtsOf(one: Target, cell: CellResult, result: ComparisonResult): readonly string[] {
  const own = measurementsOf(cell, one.who);
  const doubts: string[] = [];
  const measuredAll = one.against.every((name) => measurementsOf(cell, name).length > 0);
  if (!measuredAll) doubts.push("not against all of them");
  if (result.options.quick) doubts.push("a quick run");
  const lacksWork = own.some(
    ({ checkpoints = 0, trims = 0 }) => checkpoints < checkpointsMin || trims < trimsMin,
  );
  if (one.cell.workload === "put" && lacksWork) {
    doubts.push(`fewer than ${checkpointsMin} checkpoints or no trim`);
  }
  if (own.some(({ errors }) => Object.keys(errors).length > 0)) doubts.push("errors");
  if (own.some(({ disturbed }) => disturbed === true)) doubts.push("a node was started again");
  return doubts;
}

export function isTargeted(cell: Cell): boolean {
  return targets.some((one) => isSame(one.cell, cell));
}

function isSame(left: Cell, right: Cell): boolean {
  return (
    left.workload === right.workload &&
    left.valueBytes === right.valueBytes &&
    left.callers === right.callers &&
    left.ratePerSecond === right.ratePerSecond
  );
}

function target(
  what: string,
  cell: Cell,
  who: ContestantName,
  against: readonly ContestantName[],
  atLeast: number,
  aim: number,
): Target {
  return { what, cell, who, against, of: "throughput", atLeast, aim };
}

/** What the log did with the frames in it, and what those who sent them were told. */
import { expect, test } from "vitest";
import { ConflictError } from "../../client/errors.ts";
import type { OperationResult } from "../../kv/commands/result.ts";
import { failure } from "../../kv/commands/result.ts";
import { kept, loggedKind, type Frame, type FrameOutcome, type Request } from "../../kv/frame.ts";
import { checkExactlyOnce } from "../../sim/oracles/exactly-once.ts";
import { executionsOf, type AppliedFrame } from "../../sim/oracles/executed-frames.ts";
import { Attempts } from "../../sim/workload/attempts.ts";
import type { Recorded } from "../../sim/workload/history.ts";
import { counted, increment, told, verdictOf } from "./support/told.ts";

const session = "0123456789abcdef";
const twice = "nothing is executed twice";
const rules = "sessions keep their rules";

function frame(number: number, floor = 0, group = "g"): Frame {
  const operations = [increment("n")];
  const { frame: kind } = loggedKind;
  const envelope = { clusterId: "c", group, session, born: 0, number, floor };
  return { kind, ...envelope, hash: number, operations, problem: "" };
}

function request(identity: string, own: Request["kept"] = kept.message): Request {
  const envelope = { clusterId: "c", group: "g", identity, kept: own, firstKey: "n" };
  const { request: kind } = loggedKind;
  return { kind, ...envelope, number: 0, hash: 7, operations: [increment("n")], problem: "" };
}

/** Executed in that slot, unless its answer is of an earlier one. */
function executed(
  logged: Frame | Request,
  slot: number,
  result: OperationResult = counted(1, slot),
  answeredAs = slot,
): AppliedFrame {
  const { number, hash } = logged;
  const results = [result];
  const at = { slot: answeredAs, index: 0, lastRevision: slot };
  return {
    frame: logged,
    slot,
    index: 0,
    outcome: { refused: false, number, hash, ...at, results },
  };
}

function refused(logged: Frame, slot: number): AppliedFrame {
  const { number } = logged;
  const outcome: FrameOutcome = { refused: true, number, code: "STALE_FRAME", message: "" };
  return { frame: logged, slot, index: 0, outcome };
}

function verdict(...frames: readonly AppliedFrame[]): string {
  return verdictOf(() => executionsOf("g", frames));
}

test("each number is executed once, and a repetition is answered as the execution was", () => {
  const again = executed(frame(1), 3, counted(1, 1), 1);
  expect(verdict(executed(frame(1), 1), executed(frame(2), 2), again)).toBe("true");
  expect(verdict(executed(frame(1), 1), executed(frame(1), 2))).toBe(twice);
  expect(verdict(executed(frame(1), 1), executed(frame(2), 2, counted(1, 1), 1))).toBe(rules);
  expect(verdict(executed(frame(1), 1, counted(1, 1), 0))).toBe(rules);
});

test("nothing is executed at a floor, far above it, or by another group", () => {
  expect(verdict(refused(frame(9, 5), 1), executed(frame(6), 2))).toBe("true");
  expect(verdict(refused(frame(9, 5), 1), executed(frame(5), 2))).toBe(rules);
  expect(verdict(executed(frame(256), 1))).toBe("true");
  expect(verdict(executed(frame(257), 1))).toBe(rules);
  expect(verdict(executed(frame(1, 0, "other"), 1))).toBe(rules);
});

test("a raw request is executed once by its identity; without one it is nobody's", () => {
  expect(verdict(executed(request("a"), 1), executed(request("b"), 2))).toBe("true");
  expect(verdict(executed(request("a"), 1), executed(request("a"), 2))).toBe(twice);
  const nameless = request("", kept.nothing);
  expect(verdict(executed(nameless, 1), executed(nameless, 2))).toBe("true");
});

/** One increment, sent as frames 1 and 2, of which the log executed those. */
function outcome(
  answer: OperationResult | "unknown" | "not executed" | ConflictError,
  ...results: readonly OperationResult[]
): string {
  const operation = increment("n");
  const attempts = new Attempts();
  attempts.noteFrame(frame(1), [operation]);
  attempts.noteFrame(frame(2), [operation]);
  const frames = results.map((result, at) => executed(frame(at + 1), at + 1, result));
  const recorded: Recorded =
    answer instanceof ConflictError
      ? { ...told([0, 1], operation, "unknown"), told: { atMs: 1, answer } }
      : told([0, 1], operation, answer);
  return verdictOf(() => {
    const executions = executionsOf("g", frames);
    checkExactlyOnce([recorded], attempts, executions);
  });
}

test("what was acknowledged was executed once, and answered so", () => {
  expect(outcome(counted(1, 1), counted(1, 1))).toBe("true");
  expect(outcome(counted(1, 1), failure("CONFLICT"), counted(1, 1))).toBe("true");
  expect(outcome(counted(1, 1))).toBe("what was acknowledged is in the log");
  expect(outcome(counted(2, 1), counted(1, 1))).toBe("writes answer what the log says");
  expect(outcome(counted(1, 1), counted(1, 1), counted(2, 2))).toBe(twice);
});

test("what was said not to be executed was not, whatever it is", () => {
  expect(outcome("not executed")).toBe("true");
  expect(outcome("not executed", failure("CONFLICT"))).toBe("true");
  expect(outcome("not executed", counted(1, 1))).toBe("not executed is the truth");
});

test("what is unknown was executed once at most", () => {
  expect(outcome("unknown")).toBe("true");
  expect(outcome("unknown", counted(1, 1))).toBe("true");
  expect(outcome("unknown", counted(1, 1), counted(2, 2))).toBe(twice);
});

test("a conflict was met by the log, and with that revision", () => {
  const details = { bucket: "b", key: "n", expectedRevision: 3, actualRevision: 5 };
  const conflict = new ConflictError("it was changed", details);
  const lie = "conflicts are what the log says";
  expect(outcome(conflict, failure("CONFLICT", -1, 5))).toBe("true");
  expect(outcome(conflict, failure("CONFLICT", -1, 4))).toBe(lie);
  expect(outcome(conflict, failure("NOT_A_NUMBER"))).toBe(lie);
  expect(outcome(conflict)).toBe(lie);
});

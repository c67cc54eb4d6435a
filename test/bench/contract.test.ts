/** The two kinds of drivers understand the same tasks and give the same results. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import type { DriverResult, DriverTask } from "../../bench/comparison/task.ts";

const contract = readFileSync(
  fileURLToPath(new URL("../../bench/peers/contract.go", import.meta.url)),
  "utf8",
);

/** Names in JSON of the fields of one struct. */
function fieldsOf(struct: string): readonly string[] {
  const body = new RegExp(`type ${struct} struct \\{([^}]*)\\}`).exec(contract)?.[1] ?? "";
  return [...body.matchAll(/json:"(\w+)"/g)].map(([, name = ""]) => name);
}

const task: Record<keyof DriverTask, true> = {
  system: true,
  endpoints: true,
  connections: true,
  workload: true,
  callers: true,
  valueBytes: true,
  firstKey: true,
  keys: true,
  spreadKeys: true,
  warmUpSeconds: true,
  seconds: true,
  ratePerSecond: true,
  subscribers: true,
  timeoutMs: true,
};

const result: Record<keyof DriverResult, true> = {
  operations: true,
  seconds: true,
  errors: true,
  conflicts: true,
  unfinished: true,
  cpuSeconds: true,
  latencyUs: true,
};

test("a task has the same fields on both sides", () => {
  expect(fieldsOf("Task").toSorted()).toEqual(Object.keys(task).toSorted());
});

test("a result has the same fields on both sides", () => {
  expect(fieldsOf("Result").toSorted()).toEqual(Object.keys(result).toSorted());
});

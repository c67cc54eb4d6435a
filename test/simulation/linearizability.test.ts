/** The search for an order of one key's operations: what it accepts, and what it must not. */
import { expect, test } from "vitest";
import { earliestOperations } from "../../sim/oracles/earliest-operations.ts";
import { checkRegister } from "../../sim/oracles/linearizability.ts";
import type { Effect, Held, RegisterOperation } from "../../sim/oracles/register.ts";

function at(invokedMs: number, returnedMs: number, effect: Effect): RegisterOperation {
  return { invokedMs, returnedMs, effect, client: "somebody" };
}

function write(text: string): Effect {
  return { kind: "write", text, needed: undefined };
}

function see(held: Held): Effect {
  return { kind: "see", held };
}

function verdictOn(...operations: readonly RegisterOperation[]): string {
  return checkRegister(operations).kind;
}

test("what was written before is seen", () => {
  expect(verdictOn(at(0, 1, write("a")), at(2, 3, see("a")))).toBe("linearizable");
  expect(verdictOn(at(0, 1, write("a")), at(2, 3, see(undefined)))).toBe("violated");
});

test("of two writes at once either may be the last, for everybody alike", () => {
  const writes = [at(0, 5, write("a")), at(0, 5, write("b"))];
  expect(verdictOn(...writes, at(6, 7, see("a")), at(8, 9, see("a")))).toBe("linearizable");
  expect(verdictOn(...writes, at(6, 7, see("a")), at(8, 9, see("b")))).toBe("violated");
});

test("a read that ended before another began is not newer than that", () => {
  const writes = [at(0, 1, write("a")), at(2, 9, write("b"))];
  expect(verdictOn(...writes, at(3, 4, see("b")), at(5, 6, see("a")))).toBe("violated");
  expect(verdictOn(...writes, at(3, 4, see("a")), at(5, 6, see("b")))).toBe("linearizable");
});

test("what has an unknown outcome may happen late, or never, but not twice", () => {
  const unknown = at(0, Infinity, write("a"));
  expect(verdictOn(unknown, at(5, 6, see(undefined)))).toBe("linearizable");
  expect(verdictOn(unknown, at(5, 6, see("a")))).toBe("linearizable");
  const replaced = [unknown, at(1, 2, see("a")), at(3, 4, write("b"))];
  expect(verdictOn(...replaced, at(5, 6, see("a")))).toBe("violated");
});

test("increments count once each", () => {
  const add = (sum: number | undefined): Effect => ({ kind: "add", delta: 1, sum });
  expect(verdictOn(at(0, 1, add(1)), at(2, 3, add(2)))).toBe("linearizable");
  expect(verdictOn(at(0, 1, add(1)), at(2, 3, add(3)))).toBe("violated");
  expect(verdictOn(at(0, 1, add(1)), at(0, Infinity, add(undefined)), at(2, 3, add(3)))).toBe(
    "linearizable",
  );
});

test("a condition is held against what was there", () => {
  const conditional: Effect = { kind: "write", text: "b", needed: { held: "a" } };
  expect(verdictOn(at(0, 1, write("a")), at(2, 3, conditional))).toBe("linearizable");
  expect(verdictOn(at(0, 1, write("c")), at(2, 3, conditional))).toBe("violated");
});

test("a text whose time is over is gone, and stays gone", () => {
  const history = [at(0, 1, write("a")), at(0, Infinity, { kind: "expire", text: "a" } as const)];
  expect(verdictOn(...history, at(2, 3, see(undefined)))).toBe("linearizable");
  expect(verdictOn(...history, at(2, 3, see(undefined)), at(4, 5, see("a")))).toBe("violated");
});

test("of too many operations the first are searched, and what is under way at the cut proves nothing", () => {
  const history = [
    at(0, 1, write("a")),
    at(2, 3, see("a")),
    // Told after the cut: whatever it saw may have been written there.
    at(3, 20, see("b")),
    at(4, 20, { kind: "add", delta: 1, sum: 9 }),
    at(4, 20, { kind: "remove", existed: true, needed: undefined }),
    at(10, 11, write("b")),
    at(12, 13, see("z")),
  ];
  const first = earliestOperations(history, 5);
  expect(first.map(({ effect }) => effect.kind)).toEqual(["write", "see", "add", "remove"]);
  expect(first.map(({ returnedMs }) => returnedMs)).toEqual([1, 3, Infinity, Infinity]);
  expect(verdictOn(...first)).toBe("linearizable");
  expect(earliestOperations(history, 7)).toBe(history);
  expect(verdictOn(...earliestOperations([at(0, 1, see("z")), ...history], 5))).toBe("violated");
});

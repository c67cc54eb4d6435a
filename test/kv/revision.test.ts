import { expect, test } from "vitest";
import { revisionAt, revisionEpochMs, revisionsPerMs, wallMsOf } from "../../kv/revision.ts";

test("a revision names its millisecond and stays a safe integer until 2093", () => {
  const wallMs = revisionEpochMs + 12_345;
  expect(wallMsOf(revisionAt(wallMs))).toBe(wallMs);
  expect(wallMsOf(revisionAt(wallMs) + revisionsPerMs - 1)).toBe(wallMs);
  expect(wallMsOf(revisionAt(wallMs) + revisionsPerMs)).toBe(wallMs + 1);
  expect(Number.isSafeInteger(revisionAt(Date.UTC(2093, 0, 1)) + revisionsPerMs - 1)).toBe(true);
});

/** Of the clocks of a run one alone may be far ahead: it moves no group's time. */
import { expect, test } from "vitest";
import { ClockErrorsSeen } from "./clock-errors.ts";

test("the farthest of all but one clock counts, and whoever was most behind", () => {
  const clocks = new ClockErrorsSeen();
  clocks.note([0, 86_400_000, 0]);
  expect(clocks.errors).toMatchObject({ aheadMs: 0, behindMs: 0 });
  clocks.note([700, 86_400_000, -1_500]);
  clocks.note([0, 300, 500]);
  expect(clocks.errors).toMatchObject({ aheadMs: 700, behindMs: 1_500 });
  expect(clocks.errors.startWallMs + performance.now() - Date.now()).toBeCloseTo(0, -2);
});

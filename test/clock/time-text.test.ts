import * as fc from "fast-check";
import { expect, test } from "vitest";
import { timeText } from "../../infra/clock/time-text.ts";

test("times are written as the language's own calendar writes them", () => {
  const farthest = Date.UTC(9999, 11, 31);
  fc.assert(
    fc.property(fc.integer({ min: 0, max: farthest }), (wallMs) => {
      expect(timeText(wallMs)).toBe(new Date(wallMs).toISOString());
    }),
    { numRuns: 2_000 },
  );
  for (const day of ["2024-02-29", "2100-02-28", "2100-03-01", "2000-02-29", "1970-01-01"]) {
    const wallMs = Date.parse(`${day}T23:59:59.999Z`);
    expect(timeText(wallMs)).toBe(`${day}T23:59:59.999Z`);
  }
});

/** Looking at a cluster's actors changes nothing of what they do, to the last message. */
import { execFileSync } from "node:child_process";
import { expect, test } from "vitest";
import { compiledPath } from "../support/compiled.ts";

interface Outcome {
  readonly alone: object;
  readonly lookedAt: object;
  readonly steps: number;
  readonly transitions: number;
}

test("a seed is the same run whether its actors are observed or not", () => {
  const program = compiledPath("test/simulation/support/looked-at-seed.ts");
  const said = execFileSync(process.execPath, [program, "3"], { encoding: "utf8" });
  const { alone, lookedAt, steps, transitions } = JSON.parse(said) as Outcome;
  expect(lookedAt).toEqual(alone);
  expect(steps).toBeGreaterThan(2_000);
  expect(transitions).toBeGreaterThan(steps / 2);
}, 120_000);

/**
 * A handful of seeds, each run twice, in a plain Node process: vitest needs the real timers that a simulation forbids,
 * and loads the development build of xstate. `npm run sim` runs more, as .ci/run does.
 */
import { execFile } from "node:child_process";
import { describe, expect, test } from "vitest";
import { compiledPath } from "../support/compiled.ts";

interface Run {
  readonly status: number;
  readonly output: string;
}

function simulate(options: string): Promise<Run> {
  const program = compiledPath("sim/main.ts");
  return new Promise((resolve) => {
    execFile(process.execPath, [program, ...options.split(" ")], (error, stdout, stderr) => {
      resolve({ status: error === null ? 0 : 1, output: stdout + stderr });
    });
  });
}

describe("a cluster under faults", () => {
  test.concurrent.each([
    { nodes: 3, seeds: 2 },
    { nodes: 5, seeds: 1 },
  ])(
    "of $nodes nodes keeps every promise, in $seeds seeds",
    async ({ nodes, seeds }) => {
      const { status, output } = await simulate(
        `--nodes ${nodes} --seeds ${seeds} --faults-ms 3500 --twice`,
      );
      expect(output).toMatch(new RegExp(`^${seeds} seeds? passed, 0 failed$`, "m"));
      expect(status).toBe(0);
    },
    240_000,
  );
});

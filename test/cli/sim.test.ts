/** `synod sim`: the simulator as a command of the package. */
import { execFile } from "node:child_process";
import { expect, test } from "vitest";
import { compiledPath } from "../support/compiled.ts";

interface Ended {
  readonly status: number;
  readonly output: string;
  readonly errors: string;
}

function synod(words: readonly string[]): Promise<Ended> {
  return new Promise((resolve) => {
    execFile(process.execPath, [compiledPath("cli/main.ts"), ...words], (error, output, errors) => {
      resolve({ status: Number(error?.code ?? 0), output, errors });
    });
  });
}

test("a seed runs, and tells of its faults", async () => {
  const words = ["sim", "--seed", "5", "--faults-ms", "2000", "--clients", "1", "--watchers", "1"];
  const { status, output } = await synod(words);
  expect(output).toMatch(/^1 seed passed, 0 failed$/m);
  expect(output).toMatch(/^ +\d+\.\d{3} {2}n\d +fault \d+: /m);
  expect(status).toBe(0);
}, 60_000);

test("a wrong command line is told of as by every command", async () => {
  const { status, errors } = await synod(["sim", "--faults", "los"]);
  expect(errors).toMatch(/^error: no fault is called 'los'\. There are: loss, /);
  expect(status).toBe(2);
});

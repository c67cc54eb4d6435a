/** `synod sim`: the simulator as a command of the package, and what the other commands load of it. */
import { execFile } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { compiledPath } from "../support/compiled.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

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

/** Every file that importing this one loads at once. */
function loadedBy(file: string, loaded = new Set<string>()): ReadonlySet<string> {
  if (loaded.has(file) || !existsSync(file)) return loaded;
  loaded.add(file);
  const text = readFileSync(file, "utf8");
  for (const [, isType, path] of text.matchAll(
    /^(?:import|export)( type)? [^;]*?from "(\.[^"]+)";/gm,
  )) {
    if (isType === undefined && path !== undefined) loadedBy(join(dirname(file), path), loaded);
  }
  return loaded;
}

test("other commands load the simulator's options, and nothing of what it simulates", () => {
  const loaded = [...loadedBy(join(root, "cli/main.ts"))].map((file) => relative(root, file));
  expect(loaded).toContain("cli/commands/put.ts");
  expect(loaded.filter((file) => file.startsWith("sim/")).sort()).toEqual([
    "sim/command/sim-options.ts",
    "sim/strike-numbers.ts",
    "sim/workload/key-names.ts",
  ]);
});

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

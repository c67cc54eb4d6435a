/** Whether mutants are caught takes minutes to show (`npm run sim:mutants`); that they still fit the product is cheap. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { faultClasses } from "../../sim/nemesis.ts";
import { mutants } from "../../sim/mutants/mutants.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

test.each(mutants)("$name: what it changes occurs once", ({ patches }) => {
  for (const { file, find } of patches) {
    expect(readFileSync(join(root, file), "utf8").split(find)).toHaveLength(2);
  }
});

test("mutants are told apart by their names, and ask for faults that exist", () => {
  expect(new Set(mutants.map(({ name }) => name)).size).toBe(mutants.length);
  const known: readonly string[] = faultClasses;
  const asked = mutants.flatMap(({ options = [] }) =>
    options.flatMap((option, at) => (option === "--faults" ? (options[at + 1] ?? "") : [])),
  );
  for (const name of asked.flatMap((names) => names.split(","))) expect(known).toContain(name);
});

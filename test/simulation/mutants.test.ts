/** Whether mutants are caught takes minutes to show (`npm run sim:mutants`); that they still fit the product is cheap. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { mutants } from "../../sim/mutants/mutants.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

test.each(mutants)("$name: what it changes occurs once", ({ file, find }) => {
  expect(readFileSync(join(root, file), "utf8").split(find)).toHaveLength(2);
});

/** docs/kv-compatibility.md says of every case what is so: those that pass are run, by their names, and no others. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";

function textOf(path: string): string {
  return readFileSync(new URL(path, import.meta.url), "utf8");
}

test("the cases that are run are those that the table says pass", () => {
  const table = textOf("../../../docs/kv-compatibility.md");
  const rows = [...table.matchAll(/^\| `(.+?)` +\| (passes|not applicable) +\| (.*?) *\|$/gm)];
  expect(rows.length).toBe(71);
  const passing = rows.filter(([, , outcome]) => outcome === "passes").map(([, name = ""]) => name);
  const cases = textOf("cases.test.ts");
  const run = [...cases.matchAll(/kvCase\(\s*"kv - (.+?)",/g)].map(([, name = ""]) => name);
  expect(new Set(run)).toEqual(new Set(passing));
  expect(run.length).toBe(passing.length);
  for (const [, name, outcome, why] of rows) {
    if (outcome !== "passes") expect(why, `why ${name} does not apply`).not.toBe("");
  }
});

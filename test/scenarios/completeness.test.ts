/** The table of scenarios is complete and true, and every scenario has been seen to fail: see README.md. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { parseTrace } from "../machines/support/trace.ts";

interface Breakage {
  readonly scenario: string;
  readonly breaks: string;
  readonly edits: readonly {
    readonly file: string;
    readonly find: string;
    readonly replace: string;
  }[];
}

const folder = fileURLToPath(new URL(".", import.meta.url));
const root = join(folder, "..", "..");
const readme = readFileSync(join(folder, "README.md"), "utf8");
const breakages = JSON.parse(readFileSync(join(folder, "breakages.json"), "utf8")) as Breakage[];
const scenarios = readdirSync(folder)
  .filter((file) => file.endsWith(".txt"))
  .map((file) => file.replace(/\.txt$/, ""));
const casesKnown = 35;

test("every case has a row, and every row a scenario or a reason", () => {
  const rows = readme.split("\n").filter((line) => /^\| \d+ /.test(line));
  const cells = rows.map((row) => row.split("|").map((cell) => cell.trim()));
  expect(cells.map(([, number]) => Number(number))).toEqual(
    Array.from({ length: casesKnown }, (_, index) => index + 1),
  );
  const wordless = cells.filter(([, , what, , here = ""]) => {
    return what === "" || !(namesIn(here).length > 0 || here.startsWith("does not apply yet: "));
  });
  expect(wordless).toEqual([]);
});

test("every scenario is in the table or beside it, and nothing else is", () => {
  const named = namesIn(readme.slice(readme.indexOf("| no.")));
  expect([...new Set(named)].toSorted()).toEqual(scenarios.toSorted());
});

test("every scenario begins with the sentence that it disproves", () => {
  const unclear = scenarios.filter((name) => {
    const { claim } = parseTrace(readFileSync(join(folder, `${name}.txt`), "utf8"));
    return !/^Wrong: ".+"\. ./.test(claim) && !/^Wrong: ".+"\.$/.test(claim);
  });
  expect(unclear).toEqual([]);
});

test("every scenario has been seen to fail, by a change that can still be made", () => {
  const broken = breakages.map(({ scenario }) => scenario.replace(/\.txt$/, ""));
  expect([...new Set(broken)].toSorted()).toEqual(scenarios.toSorted());
  const edits = breakages.flatMap(({ edits }) => edits);
  const stale = edits.filter(({ file, find }) => {
    return readFileSync(join(root, file), "utf8").split(find).length !== 2;
  });
  expect(stale).toEqual([]);
});

function namesIn(text: string): string[] {
  return [...text.matchAll(/`([a-z-]+)`/g)].map(([, name = ""]) => name);
}

/** docs/benchmarks.md shows the run in docs/data/bench.json. UPDATE_DOCS=1 writes it and its picture anew. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { keptTable, readKept } from "../../bench/capacity/kept.ts";
import { renderPage } from "../../bench/comparison/page.ts";
import { renderPlot } from "../../bench/comparison/plot.ts";
import type { ComparisonResult } from "../../bench/comparison/results.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const path = `${root}/docs/benchmarks.md`;
const measured = `${root}/docs/data/bench.json`;
const picture = `${root}/docs/images/bench.svg`;

const nothingYet =
  "Nothing has been measured yet: `npm run bench -- --json docs/data/bench.json` on a quiet machine fills this part.";

function measuredResult(): ComparisonResult | undefined {
  if (!existsSync(measured)) return undefined;
  return JSON.parse(readFileSync(measured, "utf8")) as ComparisonResult;
}

function expectFile(file: string, content: string): void {
  if (process.env["UPDATE_DOCS"] === "1") writeFileSync(file, content);
  expect(readFileSync(file, "utf8")).toBe(content);
}

test("the page and its picture show the run that is kept, and it skipped nobody", () => {
  const result = measuredResult();
  const content =
    result === undefined
      ? nothingYet
      : `Measured on ${result.day}.\n\n![Operations per second of each system](images/bench.svg)\n\n${renderPage(result, [keptTable(readKept(root))])}`;
  const place = /(<!-- generated: benchmarks -->\n)[^]*?(<!-- end -->)/;
  const text = readFileSync(path, "utf8");
  expect(text).toMatch(place);
  expectFile(
    path,
    text.replace(place, (_, begin: string, end: string) => `${begin}\n${content}\n\n${end}`),
  );
  if (result === undefined) return;
  expectFile(picture, renderPlot(result));
  expect(result.skipped).toEqual([]);
  expect(result.options.quick).toBe(false);
});

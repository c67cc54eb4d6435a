/** What a reader is shown of a run. */
import { expect, test } from "vitest";
import { renderPage } from "../../bench/comparison/page.ts";
import { renderPlot } from "../../bench/comparison/plot.ts";
import { cellTables, methods, systemTable } from "../../bench/comparison/report.ts";
import { cellResult, comparisonResult, measurement, put256 } from "./made-result.ts";

const hot = { ...put256, workload: "cas" } as const;
const open = { ...put256, callers: 1024, ratePerSecond: 2_000 };

const result = comparisonResult([
  cellResult(put256, {
    synod: [
      measurement(1, 900, { checkpoints: 4, trims: 9, errors: { TIMEOUT: 2 } }),
      measurement(2, 700, { checkpoints: 3, trims: 12, errors: { TIMEOUT: 1 } }),
    ],
    etcd: [measurement(1, 100), { round: 2, failure: "the driver ended" }],
    "etcd-debian": [
      { round: 1, failure: "no leader" },
      { round: 2, failure: "no leader" },
    ],
  }),
  cellResult({ ...put256, callers: 1 }, { synod: [measurement(1, 500, { seconds: 190.02 })] }),
  cellResult(hot, { synod: [measurement(1, 50, { conflictsPerOperation: 63.04 })] }),
  cellResult(open, { synod: [measurement(1, 1_990, { unfinished: 7 })] }),
]);

/** The value under a heading, in the row of a system. */
function valueAt(title: string, system: string, heading: string): string | undefined {
  const table = cellTables(result).find((candidate) => candidate.title === title);
  const row = table?.rows.find(([, name]) => name === system);
  return row?.[table?.heading.indexOf(heading) ?? -1];
}

test("figures are medians, errors sums, and checkpoints those of the round with the fewest", () => {
  const at = (heading: string) => valueAt("put, 128 B", "Synod", heading);
  expect(at("operations/s")).toBe("800");
  expect(at("vs etcd")).toBe("9.00x");
  expect(at("p99.9")).toBe("9.00");
  expect(at("CPU s/1000")).toBe("0.0250");
  expect(at("errors")).toBe("3 TIMEOUT");
  expect(at("checkpoints, trims")).toBe("3, 9");
});

test("failed rounds are counted, and a system that failed in all says why", () => {
  expect(valueAt("put, 128 B", "etcd, current", "errors")).toBe("1 rounds failed");
  expect(valueAt("put, 128 B", "etcd, Debian", "operations/s")).toBe("failed");
  expect(valueAt("put, 128 B", "etcd, Debian", "errors")).toBe("no leader");
});

test("an open loop has a table of its own, with what was never answered", () => {
  expect(valueAt("put, 128 B, open loop", "Synod", "offered/s")).toBe("2,000");
  expect(valueAt("put, 128 B, open loop", "Synod", "unfinished")).toBe("7");
});

test("compare-and-set says how often an operation was refused", () => {
  expect(valueAt("cas, 128 B", "Synod", "conflicts")).toBe("63.0");
});

test("who is not installed stands in the table, with the line that installs it", () => {
  const skipped = [{ name: "jetstream", install: "npm run bench:peers" }] as const;
  const { rows } = systemTable({ ...result, skipped });
  expect(rows.at(-1)?.slice(0, 3)).toEqual([
    "JetStream R3, deferred fsync",
    "not installed, skipped",
    "npm run bench:peers",
  ]);
});

test("the machine, the method and a quick run are said", () => {
  const said = methods({ ...result, options: { ...result.options, quick: true } }).join("\n");
  expect(said).toContain("2 x Some Processor, 24 GiB, Linux 6.1, data on ext4, Node v20.19.0");
  expect(said).toContain("3 rounds");
  expect(said).not.toContain("first round only");
  const brief = methods({ ...result, options: { ...result.options, brief: true } }).join("\n");
  expect(brief).toContain("measured in the first round only");
  expect(said).toContain("for 8 s (put 128 B, 1 caller: up to 190 s) after 3 s of warm-up");
  expect(said).toContain("This was a quick run");
  expect(methods(result).join("\n")).not.toContain("quick run");
});

test("the page has every table, and every row as many columns as its heading", () => {
  const page = renderPage(result);
  expect(page.match(/^### .+$/gm)).toEqual([
    "### Targets",
    "### put, 128 B",
    "### cas, 128 B",
    "### put, 128 B, open loop",
    "### Systems",
  ]);
  for (const table of page.split("\n\n").filter((part) => part.startsWith("|"))) {
    const widths = new Set(table.split("\n").map((line) => line.length));
    expect(widths.size).toBe(1);
  }
});

test("the picture is the same every time, and names every system", () => {
  const picture = renderPlot(result);
  expect(renderPlot(result)).toBe(picture);
  for (const title of ["Synod", "etcd, current", "etcd, Debian"]) expect(picture).toContain(title);
});

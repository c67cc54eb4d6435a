/** The micro-benchmarks run from end to end, on tables so small that their figures mean nothing. */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { MicroReport } from "../../bench/micro/report.ts";
import { compiledPath } from "../support/compiled.ts";

let directory = "";

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "synod-micro-"));
});

afterEach(() => {
  rmSync(directory, { recursive: true });
});

const program = compiledPath("bench/micro/main.ts");

test("every case is measured, and a later run shows its ratios to it", { timeout: 120_000 }, () => {
  const file = join(directory, "results.json");
  const data = ["--quick", "--directory", join(directory, "data")];
  execFileSync(process.execPath, [program, ...data, "--json", file]);
  const { results, machine } = JSON.parse(readFileSync(file, "utf8")) as MicroReport;
  expect(results.length).toBeGreaterThan(10);
  for (const result of results) {
    expect(result, result.name).toSatisfy(
      ({ minNs, medianNs, maxNs }: typeof result) =>
        0 < minNs && minNs <= medianNs && medianNs <= maxNs,
    );
  }
  expect(readdirSync(join(directory, "data"))).toEqual([]);
  const again = [program, ...data, "--compare", file, "actor", "merge"];
  const output = execFileSync(process.execPath, again, { encoding: "utf8" });
  expect(output).toContain(`compared with: ${machine.processor}`);
  const rows = output.split("\n").filter((line) => /\d\.\d\d *│$/.test(line));
  expect(rows.map((row) => row.split("│")[1]?.trim())).toEqual([
    "merge: a cell of 4 runs",
    "actor: an event through a chart",
  ]);
});

test("a word that no case has is told, with the cases there are", { timeout: 60_000 }, () => {
  const asked = ["--quick", "--directory", join(directory, "data"), "nonsense"];
  const ended = spawnSync(process.execPath, [program, ...asked], { encoding: "utf8" });
  expect(ended.status).toBe(2);
  expect(ended.stderr).toContain("checkpoint: feed and pack a cell");
});

/** docs/testing.md says what there is: faults, checks, mutants, bugs. UPDATE_DOCS=1 writes its tables anew. */
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { connectionFaults } from "../../sim/faults/connection-faults.ts";
import { crashPoints } from "../../sim/faults/crash-points.ts";
import { networkFaults } from "../../sim/faults/network-faults.ts";
import { processFaults } from "../../sim/faults/process-faults.ts";
import { stagedFaults } from "../../sim/faults/staged-faults.ts";
import { storageFaults } from "../../sim/faults/storage-faults.ts";
import { faultClasses } from "../../sim/nemesis.ts";
import { mutants } from "../../sim/mutants/mutants.ts";
import { bugs } from "../regressions/bugs.ts";

/** As `npm run sim:mutants -- --json docs/data/mutants.json` writes it. */
interface MutantTried {
  readonly name: string;
  /** That caught it. */
  readonly check: string;
  /** How many it took. */
  readonly seeds: number;
  readonly seedsStated: number;
  readonly caught: boolean;
  /** The product as it is passes these seeds. */
  readonly unpatchedPasses: boolean;
}

const root = fileURLToPath(new URL("../..", import.meta.url));
const path = `${root}/docs/testing.md`;
const found = `${root}/docs/data/mutants.json`;

const faults = {
  "between nodes": networkFaults,
  connections: connectionFaults,
  "processes, machines, clocks": processFaults,
  "chosen moments": crashPoints,
  disks: storageFaults,
  "scenes around a leader": stagedFaults,
};

function faultTable(): string {
  const rows = Object.entries(faults).map(([where, classes]) => [
    where,
    Object.keys(classes).join(", "),
  ]);
  return table(["where", "classes"], rows);
}

function mutantTable(): string {
  const rows = mutantsTried().map(({ name, check, seeds, seedsStated }) => [
    name,
    `\`${check}\``,
    `${seeds} of ${seedsStated}`,
  ]);
  return table(["what is broken", "caught by", "seeds"], rows);
}

function mutantsTried(): readonly MutantTried[] {
  return JSON.parse(readFileSync(found, "utf8")) as readonly MutantTried[];
}

function bugTable(): string {
  const rows = bugs.map(({ fix, what, check, options, simulator, scenario }) => {
    const command = options?.map((word) => (word.includes(" ") ? `"${word}"` : word)).join(" ");
    const seed = command === undefined ? "the scenario" : `\`${command}\``;
    const own = simulator === undefined ? "" : `, simulator of ${simulator}`;
    return [what, `\`${check}\``, `${seed}${own}`, `\`${scenario}\``, fix];
  });
  return table(["what was wrong", "check", "found by", "scenario", "fixed in"], rows);
}

function table(heading: readonly string[], body: readonly (readonly string[])[]): string {
  const rows = [heading, ...body];
  const widths = heading.map((_, at) => Math.max(...rows.map((row) => (row[at] ?? "").length)));
  const line = (row: readonly string[], fill = " ") =>
    `| ${row.map((cell, at) => cell.padEnd(widths[at] ?? 0, fill)).join(" | ")} |`;
  const ruler = line(
    heading.map(() => ""),
    "-",
  );
  return [line(heading), ruler, ...body.map((row) => line(row))].join("\n");
}

function expectGenerated(name: string, content: string): void {
  const place = new RegExp(`(<!-- generated: ${name} -->\n)[^]*?(<!-- end -->)`);
  const text = readFileSync(path, "utf8");
  const made = text.replace(
    place,
    (_, begin: string, end: string) => `${begin}\n${content}\n\n${end}`,
  );
  if (process.env["UPDATE_DOCS"] === "1") writeFileSync(path, made);
  expect(readFileSync(path, "utf8")).toBe(made);
  expect(made).toMatch(place);
}

test("the table of faults is current, and whole", () => {
  expectGenerated("faults", faultTable());
  const listed = Object.values(faults).flatMap((classes) => Object.keys(classes));
  expect(listed.toSorted()).toEqual(faultClasses.toSorted());
});

/** Of a constant that the source declares. */
function valueOf(name: string, source: string): string | undefined {
  return new RegExp(`const ${name} = "([^"]+)"`).exec(source)?.[1];
}

test("every check of the simulator is explained, and no other", () => {
  const sources = readdirSync(`${root}/sim`, { recursive: true, encoding: "utf8" }).filter(
    (file) => file.endsWith(".ts") && !file.startsWith("mutants"),
  );
  const checks = sources.flatMap((file) => {
    const source = readFileSync(`${root}/sim/${file}`, "utf8");
    const named = [...source.matchAll(/new Violation\(\s*(?:"([^"]+)"|(\w+),)/g)];
    return named.flatMap(([, check, name]) => check ?? valueOf(name ?? "", source) ?? []);
  });
  const page = readFileSync(path, "utf8");
  const section = page.slice(page.indexOf("### Checks"), page.indexOf("### Mutants"));
  const explained = [...section.matchAll(/^\| `([^`]+)`/gm)].map(([, check = ""]) => check);
  const inOtherWords = new Set(["two runs of a seed are the same run"]);
  const own = [...new Set(checks)].filter((check) => !inOtherWords.has(check));
  expect(explained.toSorted()).toEqual(own.toSorted());
});

test.skipIf(!existsSync(found))("the table of mutants is current, and all were caught", () => {
  expectGenerated("mutants", mutantTable());
  const tried = mutantsTried();
  expect(tried.map(({ name }) => name)).toEqual(mutants.map(({ name }) => name));
  expect(tried.filter(({ caught, unpatchedPasses }) => !caught || !unpatchedPasses)).toEqual([]);
});

test("the table of bugs is current", () => {
  expectGenerated("bugs", bugTable());
});

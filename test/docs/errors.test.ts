/** docs/errors.md says of every code what the code says. UPDATE_DOCS=1 writes the table anew. */
import { readFileSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { exitCodeFor } from "../../cli/output/exit-codes.ts";
import { errorTable, type ErrorCode } from "../../infra/errors/error-table.ts";
import { serviceCodeOf } from "../../infra/errors/service-code.ts";
import { SynodError } from "../../infra/errors/synod-error.ts";

const path = new URL("../../docs/errors.md", import.meta.url);
const page = (name: string) => readFileSync(new URL(`../../docs/${name}`, import.meta.url), "utf8");

const heading = ["code", "outcome", "retryable", "raw", "exit", "next step"];

function rowOf(code: ErrorCode): string[] {
  const { outcome, retryable, nextStep } = errorTable[code];
  const number = serviceCodeOf(code);
  const exit = exitCodeFor(new SynodError(code, ""));
  const raw = number === 500 ? "-" : String(number);
  return [`\`${code}\``, outcome, retryable ? "yes" : "no", raw, String(exit), nextStep];
}

function table(): string {
  const rows = [heading, ...(Object.keys(errorTable) as ErrorCode[]).map(rowOf)];
  const widths = heading.map((_, at) => Math.max(...rows.map((row) => (row[at] ?? "").length)));
  const line = (row: readonly string[], fill = " ") =>
    `| ${row.map((cell, at) => cell.padEnd(widths[at] ?? 0, fill)).join(" | ")} |`;
  const ruler = line(
    heading.map(() => ""),
    "-",
  );
  return [line(heading), ruler, ...rows.slice(1).map((row) => line(row))].join("\n");
}

const place = /(<!-- generated: errors -->\n)[^]*?(<!-- end -->)/;

test("the table of errors is current", () => {
  const text = readFileSync(path, "utf8");
  const made = text.replace(
    place,
    (_, begin: string, end: string) => `${begin}\n${table()}\n\n${end}`,
  );
  if (process.env["UPDATE_DOCS"] === "1") writeFileSync(path, made);
  expect(readFileSync(path, "utf8")).toBe(made);
  expect(made).toMatch(place);
});

test("every door's page leads to it, and has no table of its own", () => {
  for (const name of ["client.md", "subjects.md", "cli.md"]) {
    const text = page(name);
    expect(text).toContain("(errors.md)");
    expect(text).not.toMatch(/^\| .*`BAD_REQUEST`.*\|$/m);
  }
});

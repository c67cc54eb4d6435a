/** The report of a run, for a terminal. */
import { tableLines } from "../../cli/output/table.ts";
import { styleFor } from "../../cli/output/style.ts";
import { allTables, methods, type ReportTable } from "./report.ts";
import type { ComparisonResult } from "./results.ts";

export function renderTerminal(
  result: ComparisonResult,
  more: readonly ReportTable[] = [],
): string {
  return [...methods(result), "", ...allTables(result, more).flatMap(linesOf)].join("\n");
}

function linesOf({ title, note, heading, words, rows }: ReportTable): readonly string[] {
  const columns = heading.map((name, at) => ({
    name,
    align: at < words ? ("left" as const) : ("right" as const),
  }));
  const filled = rows.map((row) => [...row, ...heading.slice(row.length).map(() => "")]);
  return [
    title,
    ...(note === undefined ? [] : [note]),
    ...tableLines(columns, filled, styleFor(process.stdout)),
    "",
  ];
}

/** The generated part of docs/benchmarks.md. */
import { allTables, methods, type ReportTable } from "./report.ts";
import type { ComparisonResult } from "./results.ts";

export function renderPage(result: ComparisonResult, more: readonly ReportTable[] = []): string {
  const tables = allTables(result, more).map(markdownOf);
  return [...methods(result).map((sentence) => `- ${sentence}`), "", tables.join("\n\n")].join(
    "\n",
  );
}

function markdownOf({ title, note, heading, words, rows }: ReportTable): string {
  const filled = rows.map((row) => [...row, ...heading.slice(row.length).map(() => "")]);
  const all = [heading, ...filled];
  const widths = heading.map((_, at) => Math.max(3, ...all.map((row) => (row[at] ?? "").length)));
  const line = (row: readonly string[]): string => {
    const cells = row.map((text, at) =>
      at < words ? text.padEnd(widths[at] ?? 0) : text.padStart(widths[at] ?? 0),
    );
    return `| ${cells.join(" | ")} |`;
  };
  const ruler = widths.map((width, at) =>
    at < words ? "-".repeat(width) : `${"-".repeat(width - 1)}:`,
  );
  return [
    `### ${title}`,
    "",
    ...(note === undefined ? [] : [note, ""]),
    line(heading),
    `| ${ruler.join(" | ")} |`,
    ...filled.map(line),
  ].join("\n");
}

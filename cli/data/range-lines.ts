/** Pages of a range as text: a table for people, and for programs lines they can take apart. */
import type { Entry } from "../../client/entry.ts";
import type { Style } from "../output/style.ts";
import { tableLines } from "../output/table.ts";
import { entryObject } from "./entry-object.ts";
import { visibleText } from "./visible-text.ts";

export interface RangeForm {
  readonly keysOnly: boolean;
  /** `table` for a terminal, `lines` of key, tab and value, `json` for one object a line. */
  readonly layout: "table" | "lines" | "json";
  /** Characters of a terminal's line. */
  readonly width: number;
  readonly style: Style;
}

/** The text of one page. The first one brings the headings. */
export function pageText(entries: readonly Entry[], isFirst: boolean, form: RangeForm): string {
  if (form.layout === "table") return tableText(entries, isFirst, form);
  return entries.map((entry) => `${lineOf(entry, form)}\n`).join("");
}

function lineOf(entry: Entry, { layout, keysOnly }: RangeForm): string {
  if (layout === "json") return JSON.stringify(entryObject(entry, !keysOnly));
  const key = visibleText(entry.keyBytes);
  return keysOnly ? key : `${key}\t${visibleText(entry.value)}`;
}

function tableText(
  entries: readonly Entry[],
  isFirst: boolean,
  { keysOnly, width, style }: RangeForm,
): string {
  if (entries.length === 0) return "";
  const rows = entries.map((entry) => {
    const start = [visibleText(entry.keyBytes), String(entry.revision)];
    return keysOnly ? start : [...start, visibleText(entry.value)];
  });
  const names = keysOnly ? ["KEY", "REVISION"] : ["KEY", "REVISION", "VALUE"];
  const columns = names.map((name) => ({ name }));
  const lines = tableLines(columns, rows, style).map((line, at) =>
    at === 0 ? line : shortened(line, width),
  );
  return `${lines.slice(isFirst ? 0 : 1).join("\n")}\n`;
}

function shortened(line: string, width: number): string {
  return line.length <= width ? line : `${line.slice(0, Math.max(1, width - 1))}…`;
}

/** A sequence chart for a terminal: one column for each lifeline, one line for each row. */
import { timeText } from "./trace-lines.ts";
import type { ChartArrow, ChartNote, ChartRow, SequenceChart } from "./sequence-chart.ts";

const columnWidth = 11;
const marks: Readonly<Record<ChartNote["mark"], string>> = {
  fault: "#",
  process: "o",
  disk: "=",
  leads: "*",
  asks: "(",
  told: ")",
  log: "!",
};

export function chartText(chart: SequenceChart): string {
  const { lifelines, rows, rowsLeftOut, title, failure } = chart;
  const heads = lifelines.map(({ name }) => name.slice(0, columnWidth - 1).padEnd(columnWidth));
  return [
    title,
    ...(failure === undefined ? [] : [`VIOLATED  ${failure}`]),
    "",
    "|  a process runs      .  none does      (  asks      )  is told      *  leads",
    "#  a fault strikes      o  a process starts or ends      =  on disk      ! a node's log",
    "",
    `${" ".repeat(12)}${heads.join("")}`.trimEnd(),
    ...(rowsLeftOut > 0 ? [`  … ${rowsLeftOut} rows before these`] : []),
    ...rows.map((row, at) => lineOf(chart, row, at)),
    ...(failure === undefined ? [] : [`${" ".repeat(12)}VIOLATED  ${failure}`]),
    "",
  ].join("\n");
}

function lineOf(chart: SequenceChart, row: ChartRow, at: number): string {
  const cells = chart.lifelines.map(({ down }) => {
    const isDown = down.some(([from, through]) => at >= from && at < through);
    return isDown ? "." : "|";
  });
  let line = cells.map((cell) => cell.padEnd(columnWidth)).join("");
  if (row.kind === "arrow") line = withArrow(line, chart, row);
  else line = withNote(line, chart, row);
  const late = row.kind === "arrow" && row.atMs - row.leftMs > 2;
  const sent = late ? `  (sent at ${row.leftMs.toFixed(3)})` : "";
  const lost = row.kind === "arrow" && row.drop !== undefined ? `  [${row.drop}]` : "";
  const who = row.kind === "note" && row.who === "all" ? "all: " : "";
  return `${timeText(row.atMs)}  ${line}${who}${row.text}${lost}${sent}`;
}

function withNote(line: string, { lifelines }: SequenceChart, { who, mark }: ChartNote): string {
  const column = lifelines.findIndex(({ name }) => name === who);
  return column === -1 ? line : replaced(line, column * columnWidth, marks[mark]);
}

function withArrow(line: string, { lifelines }: SequenceChart, arrow: ChartArrow): string {
  const from = lifelines.findIndex(({ name }) => name === arrow.from) * columnWidth;
  const to = lifelines.findIndex(({ name }) => name === arrow.to) * columnWidth;
  if (from < 0 || to < 0 || from === to) return line;
  const isRightward = to > from;
  const [left, right] = isRightward ? [from, to] : [to, from];
  const shaft = "-".repeat(right - left - 1);
  const isDropped = arrow.drop !== undefined;
  const head = isDropped ? "x" : isRightward ? ">" : "<";
  // A message that was dropped gets nowhere near its receiver.
  const drawn = isRightward ? `${shaft.slice(1)}${head}` : `${head}${shaft.slice(1)}`;
  return replaced(line, left + 1, drawn);
}

function replaced(line: string, at: number, text: string): string {
  return line.slice(0, at) + text + line.slice(at + text.length);
}

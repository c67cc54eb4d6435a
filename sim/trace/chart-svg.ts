/** A sequence chart as one SVG file that any browser shows: hovering over a row shows all there is to say of it. */
import type { ChartArrow, ChartNote, ChartRow, Lifeline, SequenceChart } from "./sequence-chart.ts";

const rowHeight = 22;
const headHeight = 112;
const timeWidth = 92;
const columnWidth = 150;
const textWidth = 860;
const textCharactersMax = 140;
const titleCharactersMax = 20;

/** What marks mean, in the order in which they are explained. */
const explained: readonly (readonly [mark: ChartNote["mark"], meaning: string])[] = [
  ["fault", "a fault strikes"],
  ["process", "a process starts or ends (dotted: none runs)"],
  ["leads", "leads from here on"],
  ["disk", "is on disk"],
  ["asks", "a client asks"],
  ["told", "is told"],
  ["log", "a node's log"],
];

const colors = {
  ink: "#1f2430",
  faint: "#8a93a3",
  line: "#b6bdc9",
  stripe: "#f5f7fa",
  protocol: "#1d5fb8",
  client: "#2b7a4b",
  fault: "#c22f2f",
  disk: "#7a5a12",
} as const;

const markColors: Readonly<Record<ChartNote["mark"], string>> = {
  fault: colors.fault,
  process: colors.fault,
  disk: colors.disk,
  leads: colors.protocol,
  asks: colors.client,
  told: colors.client,
  log: colors.faint,
};

export function chartSvg(chart: SequenceChart): string {
  const { lifelines, rows, rowsLeftOut, title, failure } = chart;
  const width = timeWidth + lifelines.length * columnWidth + textWidth;
  const bottom = headHeight + (rows.length + 1) * rowHeight;
  const height = bottom + (failure === undefined ? 20 : 60);
  const left = rowsLeftOut > 0 ? ` (${rowsLeftOut} rows before these are left out)` : "";
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="system-ui, sans-serif" font-size="12" fill="${colors.ink}">`,
    `<title>${escaped(title)}</title>`,
    `<rect width="${width}" height="${height}" fill="white"/>`,
    `<text x="16" y="24" font-size="15" font-weight="600">${escaped(title + left)}</text>`,
    ...(failure === undefined ? [] : [failureText(`VIOLATED  ${failure}`, 46)]),
    legend(62),
    ...rows.map((_, at) => stripe(at, width)),
    ...lifelines.map((lifeline, column) => lifelineOf(lifeline, column, bottom)),
    ...rows.map((row, at) => rowOf(chart, row, at)),
    ...(failure === undefined ? [] : [failureBand(failure, bottom, width)]),
    "</svg>",
    "",
  ].join("\n");
}

function stripe(at: number, width: number): string {
  if (at % 2 === 1) return "";
  const top = yOf(at) - rowHeight / 2;
  return `<rect y="${top}" width="${width}" height="${rowHeight}" fill="${colors.stripe}"/>`;
}

function lifelineOf({ name, isNode, down }: Lifeline, column: number, bottom: number): string {
  const x = xOf(column);
  const weight = isNode ? 2 : 1;
  const pauses = down.map(([from, through]) => {
    const top = yOf(from);
    const length = Math.max(rowHeight, yOf(through) - top);
    return (
      `<rect x="${x - 5}" y="${top}" width="10" height="${length}" fill="white"/>` +
      `<line x1="${x}" x2="${x}" y1="${top}" y2="${top + length}" stroke="${colors.fault}" stroke-dasharray="2 5"/>`
    );
  });
  return [
    `<text x="${x}" y="${headHeight - 22}" text-anchor="middle" font-weight="600">${escaped(name)}</text>`,
    `<line x1="${x}" x2="${x}" y1="${headHeight - 12}" y2="${bottom}" stroke="${colors.line}" stroke-width="${weight}"/>`,
    ...pauses,
  ].join("");
}

function rowOf(chart: SequenceChart, row: ChartRow, at: number): string {
  const y = yOf(at);
  const drawn = row.kind === "arrow" ? arrowOf(chart, row, at) : noteOf(chart, row, at);
  const color = row.kind === "arrow" ? arrowColor(row) : markColors[row.mark];
  const textX = timeWidth + chart.lifelines.length * columnWidth;
  const whole = wholeText(row);
  return [
    `<g><title>${escaped(`${row.atMs.toFixed(3)} ms  ${whole}`)}</title>`,
    `<text x="${timeWidth - 14}" y="${y + 4}" text-anchor="end" fill="${colors.faint}" font-size="11">${row.atMs.toFixed(3)}</text>`,
    drawn,
    `<text x="${textX}" y="${y + 4}" fill="${color}">${escaped(shortened(whole, textCharactersMax))}</text>`,
    "</g>",
  ].join("");
}

function wholeText(row: ChartRow): string {
  if (row.kind === "note") return `${row.who}: ${row.text}`;
  const lost = row.drop === undefined ? "" : ` [${row.drop}]`;
  const sent = ` (${(row.atMs - row.leftMs).toFixed(2)} ms)`;
  return `${row.from} → ${row.to}: ${row.text}${row.drop === undefined ? sent : lost}`;
}

function legend(y: number): string {
  let x = 24;
  const pieces = explained.map(([mark, meaning]) => {
    const piece = `${markAt(mark, x, y - 4)}<text x="${x + 14}" y="${y}" fill="${colors.faint}">${escaped(meaning)}</text>`;
    x += 46 + meaning.length * 6;
    return piece;
  });
  return pieces.join("");
}

function noteOf({ lifelines }: SequenceChart, { who, mark }: ChartNote, at: number): string {
  const y = yOf(at);
  const column = lifelines.findIndex(({ name }) => name === who);
  if (column === -1) {
    const right = xOf(lifelines.length - 1) + 20;
    return `<line x1="${xOf(0) - 20}" x2="${right}" y1="${y}" y2="${y}" stroke="${markColors[mark]}" stroke-dasharray="6 4"/>`;
  }
  return markAt(mark, xOf(column), y);
}

function markAt(mark: ChartNote["mark"], x: number, y: number): string {
  const color = markColors[mark];
  switch (mark) {
    case "fault":
      return `<path d="M${x - 9} ${y + 8}L${x} ${y - 9}L${x + 9} ${y + 8}Z" fill="${color}"/><text x="${x}" y="${y + 7}" text-anchor="middle" fill="white" font-size="11" font-weight="700">!</text>`;
    case "leads":
      return `<circle cx="${x}" cy="${y}" r="8" fill="${color}"/><text x="${x}" y="${y + 4}" text-anchor="middle" fill="white" font-size="10" font-weight="700">L</text>`;
    case "disk":
      return `<rect x="${x - 6}" y="${y - 5}" width="12" height="10" rx="2" fill="white" stroke="${color}" stroke-width="1.5"/>`;
    default:
      return `<circle cx="${x}" cy="${y}" r="5" fill="${mark === "asks" ? "white" : color}" stroke="${color}" stroke-width="1.5"/>`;
  }
}

function arrowOf({ lifelines }: SequenceChart, arrow: ChartArrow, at: number): string {
  const from = lifelines.findIndex(({ name }) => name === arrow.from);
  const to = lifelines.findIndex(({ name }) => name === arrow.to);
  if (from === -1 || to === -1) return "";
  const color = arrowColor(arrow);
  const [startX, startY] = [xOf(from), Math.max(yOf(-0.5), yOf(arrow.leftRow - 0.5))];
  const isDropped = arrow.drop !== undefined;
  // What is dropped ends before it gets there.
  const reach = isDropped ? 0.7 : 1;
  const endX = startX + (xOf(to) - startX) * reach;
  const endY = startY + (yOf(at) - startY) * reach;
  const dash = isDropped ? ` stroke-dasharray="4 3"` : "";
  const labelX = startX + (endX - startX) * 0.6;
  const labelY = startY + (endY - startY) * 0.6 - 3;
  return [
    `<line x1="${startX}" y1="${startY}" x2="${endX}" y2="${endY}" stroke="${color}"${dash}/>`,
    isDropped ? cross(endX, endY, color) : head(startX, startY, endX, endY, color),
    `<text x="${labelX}" y="${labelY}" text-anchor="middle" fill="${color}" font-size="10" stroke="white" stroke-width="3" paint-order="stroke">${escaped(shortened(arrow.title, titleCharactersMax))}</text>`,
  ].join("");
}

function head(startX: number, startY: number, x: number, y: number, color: string): string {
  const angle = Math.atan2(y - startY, x - startX);
  const point = (turn: number): string => {
    const at = [x - 8 * Math.cos(angle + turn), y - 8 * Math.sin(angle + turn)];
    return at.map((value) => value.toFixed(1)).join(" ");
  };
  return `<path d="M${x} ${y}L${point(0.4)}L${point(-0.4)}Z" fill="${color}"/>`;
}

function cross(x: number, y: number, color: string): string {
  const stroke = `stroke="${color}" stroke-width="2"`;
  return `<path d="M${x - 4} ${y - 4}L${x + 4} ${y + 4}M${x - 4} ${y + 4}L${x + 4} ${y - 4}" ${stroke}/>`;
}

function arrowColor({ drop, isProtocol }: ChartArrow): string {
  if (drop !== undefined) return colors.fault;
  return isProtocol ? colors.protocol : colors.client;
}

function failureText(failure: string, y: number): string {
  return `<text x="16" y="${y}" fill="${colors.fault}" font-weight="600">${escaped(shortened(failure, 220))}</text>`;
}

function failureBand(failure: string, bottom: number, width: number): string {
  return [
    `<rect y="${bottom + 10}" width="${width}" height="34" fill="#fdeaea"/>`,
    failureText(`VIOLATED  ${failure}`, bottom + 32),
  ].join("");
}

function xOf(column: number): number {
  return timeWidth + column * columnWidth + columnWidth / 3;
}

function yOf(row: number): number {
  return headHeight + row * rowHeight + rowHeight / 2;
}

function shortened(text: string, charactersMax: number): string {
  return text.length > charactersMax ? `${text.slice(0, charactersMax - 1)}…` : text;
}

function escaped(text: string): string {
  return text
    .replace(/\p{Cc}/gu, " ")
    .replace(/&/g, "&amp;")
    .replace(/</g, "&lt;")
    .replace(/>/g, "&gt;")
    .replace(/"/g, "&quot;");
}
